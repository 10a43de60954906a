// The browser of the end-to-end tests: the system's own Chromium, with WebGPU on the software adapter it ships.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { EnsureError, runOnStderr } from '../ensure.mjs';

const usualPlaces = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
];
const usualNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns {string | undefined} */
function findChromium() {
  const onPath = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  const candidates = [...usualNames.flatMap(name => onPath.map(folder => path.join(folder, name))), ...usualPlaces];
  return candidates.find(isExecutable);
}

/** Can this process install Debian packages? */
function isRootOnDebian() {
  return process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

function hasVulkanLoader() {
  if (process.platform !== 'linux') return true;
  const known = spawnSync('ldconfig', ['-p'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env.PATH}:/sbin:/usr/sbin` },
  });
  return known.stdout?.includes('libvulkan.so.1') ?? false;
}

function installDebianPackages(packages) {
  console.error(`Installing Debian's ${packages.join(' and ')} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const ok =
    runOnStderr('apt-get', ['update', '-qq'], { env }) === 0 &&
    runOnStderr('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env }) === 0;
  if (!ok) throw new EnsureError(`apt-get could not install ${packages.join(' and ')}; its messages are above.`);
}

/**
 * Finds Chromium, and installs it (and the Vulkan loader that its WebGPU needs) where that is possible.
 *
 * @returns {string} the executable
 * @throws {EnsureError} with what to install
 */
export function ensureChromium() {
  const chosen = process.env.CHROMIUM_PATH;
  if (chosen && !isExecutable(chosen)) throw new EnsureError(`CHROMIUM_PATH names ${chosen}, which cannot be run.`);
  const missing = [];
  if (!chosen && findChromium() === undefined) missing.push('chromium');
  if (!hasVulkanLoader()) missing.push('libvulkan1');
  if (missing.length > 0) {
    if (!isRootOnDebian()) {
      throw new EnsureError(
        `The tests need ${missing.join(' and ')}. On Debian or Ubuntu: sudo apt-get install ${missing.join(' ')}. ` +
          'Elsewhere install Chrome or Chromium; CHROMIUM_PATH may name it.',
      );
    }
    installDebianPackages(missing);
  }
  const found = chosen || findChromium();
  if (!found) throw new EnsureError('Chromium was installed but is not on the PATH; set CHROMIUM_PATH to it.');
  return found;
}

/** Vulkan driver of the software adapter that comes with a Chromium, for other programs, or undefined. */
export function swiftShaderDriver(chromium) {
  const folders = [path.dirname(chromium), '/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
  return folders.map(folder => path.join(folder, 'vk_swiftshader_icd.json')).find(file => existsSync(file));
}

/** @returns {string[]} flags that make WebGPU run without a GPU and keep the browser off the network */
export function chromiumFlags() {
  return [
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
    '--enable-features=Vulkan',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // The sandbox refuses to run as root.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
}
