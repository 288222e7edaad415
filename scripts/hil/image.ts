// Builds the guest's parts once: a Debian kernel, gpio-sim out of tree, a root file system and an initial ramdisk.
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Debian packages on this machine that the build calls. */
export const HOST_PACKAGES = [
  "qemu-system-x86",
  "qemu-system-data",
  "qemu-utils",
  "mmdebstrap",
  "e2fsprogs",
  "cpio",
  "kmod",
  "busybox-static",
  "xz-utils",
  "gcc",
  "make",
  "linux-headers-amd64",
  "linux-source-6.1",
] as const;

const GUEST_PACKAGES =
  "udev,kmod,iproute2,gpiod,libstdc++6,libatomic1,perl-base,usbutils,util-linux,procps,mosquitto,mosquitto-clients,ffmpeg,v4l-utils";

/** Module folders that a guest without screen, sound and network cards does not need. */
const UNUSED_MODULES = ["drivers/gpu", "drivers/net", "drivers/infiniband", "drivers/scsi", "sound"];

/** What the initial ramdisk loads before it can mount the root. */
const EARLY_MODULES = ["virtio_pci", "virtio_blk", "ext4"];

export interface Image {
  readonly kernel: string;
  readonly initrd: string;
  readonly root: string;
}

/** Names of the packages above that are not installed here. */
export function missingPackages(): string[] {
  return HOST_PACKAGES.filter((name) => {
    try {
      const status = execFileSync("dpkg-query", ["-W", "-f", `\${Status}`, name], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      return !status.toString().includes("ok installed");
    } catch {
      return true;
    }
  });
}

/**
 * Builds what is not there yet under `folder` and says each step.
 * @throws when a command fails; its standard error is in the message
 */
export async function buildImage(folder: string, say: (line: string) => void): Promise<Image> {
  mkdirSync(folder, { recursive: true });
  const release = kernelRelease();
  const image: Image = {
    kernel: join(folder, `vmlinuz-${release}`),
    initrd: join(folder, `initrd-${release}.img`),
    // Named by what is in it, so that a changed recipe is built anew.
    root: join(folder, `root-${recipe([release, GUEST_PACKAGES, INIT, ...UNUSED_MODULES])}.ext4`),
  };
  if (existsSync(image.kernel) && existsSync(image.initrd) && existsSync(image.root)) return image;
  const rootfs = join(folder, "rootfs");
  await Promise.all([
    step(say, "kernel and gpio-sim", () => unpackKernel(folder, release)),
    step(say, "Debian 12 root file system", () => bootstrap(rootfs)),
    step(say, "libgpiod 2 from Debian 13", () => unpackGpiod2(join(folder, "gpiod2"))),
  ]);
  await step(say, "root image", () => makeRoot(folder, release, rootfs, image.root));
  await step(say, "initial ramdisk", () => makeInitrd(folder, release, image.initrd));
  cpSync(join(folder, "kernel", "boot", `vmlinuz-${release}`), image.kernel);
  rmSync(rootfs, { recursive: true, force: true });
  return image;
}

/** A read-only ext4 image made of `tree`, with spare room for nothing: the guest only reads it. */
export async function packFolder(tree: string, file: string, megabytes: number): Promise<void> {
  rmSync(file, { force: true });
  await run("mke2fs", ["-q", "-t", "ext4", "-d", tree, "-E", "root_owner=0:0", file, `${megabytes}M`]);
}

async function step(say: (line: string) => void, name: string, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await work();
  say(`image: ${name}, ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

function recipe(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 12);
}

/** The kernel release that the installed headers are for, so that a module built against them loads. */
function kernelRelease(): string {
  const depends = execFileSync("dpkg-query", ["-W", "-f", `\${Depends}`, "linux-headers-amd64"]).toString();
  const release = /linux-headers-(\S+)/.exec(depends)?.[1];
  if (release === undefined) throw new Error("linux-headers-amd64 names no kernel release");
  return release;
}

async function unpackKernel(folder: string, release: string): Promise<void> {
  const kernel = join(folder, "kernel");
  rmSync(kernel, { recursive: true, force: true });
  mkdirSync(kernel, { recursive: true });
  await run("apt-get", ["download", `linux-image-${release}`], { cwd: kernel });
  const deb = readdirSync(kernel).find((name) => name.endsWith(".deb"));
  if (deb === undefined) throw new Error("apt-get download left no package");
  await run("dpkg-deb", ["-x", join(kernel, deb), kernel]);
  const modules = join(kernel, "lib", "modules", release);
  for (const unused of UNUSED_MODULES) rmSync(join(modules, "kernel", unused), { recursive: true, force: true });
  await buildGpioSim(folder, release);
  mkdirSync(join(modules, "extra"), { recursive: true });
  cpSync(join(folder, "gpio-sim", "gpio_sim_oot.ko"), join(modules, "extra", "gpio_sim_oot.ko"));
  await run("depmod", ["-b", kernel, release]);
}

/** Debian does not build gpio-sim; its source and the interrupt simulator's become one module. */
async function buildGpioSim(folder: string, release: string): Promise<void> {
  const tree = join(folder, "gpio-sim");
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  const series = /^(\d+\.\d+)/.exec(release)?.[1];
  const names = [
    "drivers/gpio/gpio-sim.c",
    "drivers/gpio/gpiolib.h",
    "drivers/gpio/gpiolib-*.h",
    "kernel/irq/irq_sim.c",
  ];
  await run("tar", [
    "-xJf",
    `/usr/src/linux-source-${series}.tar.xz`,
    "-C",
    tree,
    "--transform=s,.*/,,",
    "--wildcards",
    ...names.map((name) => `linux-source-${series}/${name}`),
  ]);
  const simulator = join(tree, "irq_sim.c");
  const source = readFileSync(simulator, "utf8");
  // irq_to_desc is not exported to modules; generic_handle_irq does the same from a number.
  const patched = source.replace(/handle_simple_irq\(irq_to_desc\((\w+)\)\);/g, "generic_handle_irq($1);");
  if (patched === source) throw new Error("irq_sim.c has changed: nothing to patch");
  writeFileSync(simulator, patched);
  writeFileSync(join(tree, "Makefile"), "obj-m := gpio_sim_oot.o\ngpio_sim_oot-y := gpio-sim.o irq_sim.o\n");
  await run("make", ["-C", `/usr/src/linux-headers-${release}`, `M=${tree}`, "modules"], { maxBuffer: 1 << 26 });
}

/** This machine's own package sources, so that a mirror or a proxy set up here is used. */
function debianSources(): { file: string; text: string } {
  for (const file of ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"])
    if (existsSync(file)) return { file, text: readFileSync(file, "utf8") };
  throw new Error("no Debian sources under /etc/apt");
}

async function bootstrap(rootfs: string): Promise<void> {
  rmSync(rootfs, { recursive: true, force: true });
  const { text } = debianSources();
  const sources = `${rootfs}.sources`;
  writeFileSync(sources, text.replace(/\b(bookworm|trixie)\b/g, "bookworm"));
  await run(
    "mmdebstrap",
    ["--quiet", "--variant=minbase", `--include=${GUEST_PACKAGES}`, "bookworm", rootfs, sources],
    { maxBuffer: 1 << 26 },
  );
}

/** Only unpacked, with its own C library beside it: the guest stays Debian 12, and gains the newer command line. */
async function unpackGpiod2(tree: string): Promise<void> {
  rmSync(tree, { recursive: true, force: true });
  const sources = `${tree}.sources`;
  writeFileSync(sources, debianSources().text.replace(/\b(bookworm|trixie)\b/g, "trixie"));
  await run("mmdebstrap", ["--quiet", "--variant=extract", "--include=gpiod", "trixie", tree, sources], {
    maxBuffer: 1 << 26,
  });
}

const GPIOD_TOOLS = ["gpiodetect", "gpioget", "gpioinfo", "gpiomon", "gpioset"];

/** First process of the guest: devices, then a root shell on the virtio port. */
const INIT = `#!/bin/bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm; mount -t devpts devpts /dev/pts; mount -t tmpfs tmp /tmp; mount -t tmpfs run /run
mount -t configfs config /sys/kernel/config
ip link set lo up
/lib/systemd/systemd-udevd --daemon
udevadm trigger --type=devices --action=add; udevadm settle
modprobe -a virtio_console configfs gpio_sim_oot xhci_pci usbhid hid_generic evdev
mount -t configfs config /sys/kernel/config 2>/dev/null
mkdir -p /app; mount -o ro /dev/vdb /app
until [ -e /dev/virtio-ports/hil.ctl ]; do udevadm settle; sleep 0.1; done
while :; do setsid bash --norc <>/dev/virtio-ports/hil.ctl >&0 2>&0; done
`;

async function makeRoot(folder: string, release: string, rootfs: string, file: string): Promise<void> {
  cpSync(join(folder, "kernel", "lib", "modules", release), join(rootfs, "lib", "modules", release), {
    recursive: true,
  });
  cpSync(join(folder, "gpiod2", "usr"), join(rootfs, "opt", "gpiod2", "usr"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  const bin = join(rootfs, "opt", "gpiod2-bin");
  mkdirSync(bin, { recursive: true });
  for (const tool of GPIOD_TOOLS) {
    const loader = "/opt/gpiod2/usr/lib64/ld-linux-x86-64.so.2 --library-path /opt/gpiod2/usr/lib/x86_64-linux-gnu";
    writeFileSync(join(bin, tool), `#!/bin/sh\nexec ${loader} /opt/gpiod2/usr/bin/${tool} "$@"\n`);
    chmodSync(join(bin, tool), 0o755);
  }
  writeFileSync(join(rootfs, "hil-init"), INIT);
  chmodSync(join(rootfs, "hil-init"), 0o755);
  await packFolder(rootfs, `${file}.part`, 2200);
  await run("mv", [`${file}.part`, file]);
}

async function makeInitrd(folder: string, release: string, file: string): Promise<void> {
  const tree = join(folder, "initrd");
  rmSync(tree, { recursive: true, force: true });
  for (const name of ["bin", "proc", "sys", "dev", "root", "modules"]) mkdirSync(join(tree, name), { recursive: true });
  cpSync("/bin/busybox", join(tree, "bin", "busybox"));
  const order: string[] = [];
  for (const module of EARLY_MODULES) {
    const { stdout } = await run("modprobe", ["--show-depends", "-d", join(folder, "kernel"), "-S", release, module]);
    for (const path of stdout.matchAll(/^insmod (\S+)/gm)) {
      const from = path[1] ?? "";
      const name = from.slice(from.lastIndexOf("/") + 1);
      if (order.includes(name)) continue;
      order.push(name);
      cpSync(from, join(tree, "modules", name));
    }
  }
  const lines = [
    "#!/bin/busybox sh",
    "/bin/busybox mount -t proc proc /proc; /bin/busybox mount -t sysfs sys /sys",
    "/bin/busybox mount -t devtmpfs dev /dev",
    ...order.map((name) => `/bin/busybox insmod /modules/${name}`),
    "until [ -e /dev/vda ]; do /bin/busybox usleep 20000; done",
    "/bin/busybox mount -t ext4 /dev/vda /root && exec /bin/busybox switch_root /root /hil-init",
    "exec /bin/busybox sh",
  ];
  writeFileSync(join(tree, "init"), `${lines.join("\n")}\n`);
  chmodSync(join(tree, "init"), 0o755);
  await run("sh", [
    "-c",
    `cd '${tree}' && find . | cpio -o -H newc --quiet | gzip > '${file}.part' && mv '${file}.part' '${file}'`,
  ]);
}
