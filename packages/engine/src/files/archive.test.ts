import assert from "node:assert/strict";
import { chmod, link, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { zstdDecompressSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { pack, type Header } from "tar-stream";
import { DEFAULT_LIMITS } from "./limits.ts";
import { packArchive } from "./pack.ts";
import { notes, temporaryFolder } from "./testing.ts";
import { unpackArchive } from "./unpack.ts";

const { signal } = new AbortController();

/** Packs `patterns` of one folder and unpacks them into another. */
async function roundTrip(t: TestContext, from: string, patterns = ["."], limits = DEFAULT_LIMITS) {
  const [into, archives] = [await temporaryFolder(t), await temporaryFolder(t)];
  const { lines, note } = notes();
  const archive = join(archives, "a.tar.zst");
  const packed = await packArchive({ roots: [{ prefix: "", folder: from, patterns }], archive, limits, note, signal });
  await unpackArchive({ archive, roots: [{ prefix: "", folder: into }], limits, signal });
  return { into, packed, lines };
}

async function put(folder: string, path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
  await chmod(join(folder, path), mode);
}

suite("an archive", () => {
  test("brings any names and contents back", async (t) => {
    const part = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
      .map((text) => text.replaceAll(/[/\0]/g, "\n").toWellFormed())
      .filter((text) => text !== "." && text !== ".." && Buffer.byteLength(text) <= 255);
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => ["f", ...parts].join("/"));
    const tree = fc.dictionary(path, fc.uint8Array({ maxLength: 200 }), { maxKeys: 8 });
    await fc.assert(
      fc.asyncProperty(tree, async (files) => {
        const from = await temporaryFolder(t);
        const written: string[] = [];
        for (const [name, content] of Object.entries(files)) {
          // A name that is a folder of another cannot be a file as well.
          await put(from, name, content).then(
            () => written.push(name),
            () => {},
          );
        }
        const { into, packed } = await roundTrip(t, from);
        assert.equal(packed.files, written.length);
        for (const name of written) {
          assert.deepEqual(new Uint8Array(await readFile(join(into, name))), files[name]);
        }
      }),
      { numRuns: 12 },
    );
  });

  test("keeps permissions and times, but not set-user-id", async (t) => {
    const from = await temporaryFolder(t);
    await put(from, "bin/tool", "#!/bin/sh\n", 0o4755);
    await put(from, "secret", "x", 0o400);
    const { into } = await roundTrip(t, from);
    assert.equal((await stat(join(into, "bin/tool"))).mode & 0o7777, 0o755);
    assert.equal((await stat(join(into, "secret"))).mode & 0o7777, 0o400);
    const [before, after] = [await stat(join(from, "secret")), await stat(join(into, "secret"))];
    assert.equal(Math.floor(after.mtimeMs / 1000), Math.floor(before.mtimeMs / 1000));
  });

  test("holds the same bytes for the same files, whatever was compressed at once", async (t) => {
    const from = await temporaryFolder(t);
    for (const name of ["b", "a/z", "a/Y"]) await put(from, name, name);
    const archives = await temporaryFolder(t);
    const packed = async (name: string) => {
      const archive = join(archives, name);
      const roots = [{ prefix: "", folder: from, patterns: ["."] }];
      await packArchive({ roots, archive, limits: DEFAULT_LIMITS, note: () => {}, signal });
      return zstdDecompressSync(await readFile(archive));
    };
    assert.deepEqual(await packed("one"), await packed("two"));
  });

  test("holds what the patterns name, folders with all in them, and notes those that name nothing", async (t) => {
    const from = await temporaryFolder(t);
    for (const name of ["dist/a.js", "dist/.hidden", "src/x.ts", "src/deep/y.ts", "[odd]"]) await put(from, name, name);
    const { into, lines } = await roundTrip(t, from, ["./dist/", "src/**/y.*", "nothing/*.txt"]);
    assert.deepEqual((await readdir(join(into), { recursive: true })).toSorted(), [
      "dist",
      "dist/.hidden",
      "dist/a.js",
      "src",
      "src/deep",
      "src/deep/y.ts",
    ]);
    assert.deepEqual(lines, ['nothing is named by "nothing/*.txt"']);
  });

  test("keeps links that stay inside and leaves out those that lead out", async (t) => {
    const from = await temporaryFolder(t);
    await put(from, "d/file", "x");
    await symlink("file", join(from, "d/near"));
    await symlink("../d/file", join(from, "d/around"));
    await symlink("../../outside", join(from, "d/up"));
    await symlink("/etc/passwd", join(from, "absolute\n"));
    const { into, packed, lines } = await roundTrip(t, from);
    assert.equal(packed.files, 3);
    assert.equal(await readlink(join(into, "d/near")), "file");
    assert.deepEqual(lines, [
      '"absolute\\n" is left out: it is a link that leads out of its folder, to "/etc/passwd"',
      '"d/up" is left out: it is a link that leads out of its folder, to "../../outside"',
    ]);
  });

  test("reads nothing through a link, whatever the pattern", async (t) => {
    const [from, outside] = [await temporaryFolder(t), await temporaryFolder(t)];
    await put(outside, "secret", "of the agent");
    await symlink(outside, join(from, "out"));
    const { into, packed, lines } = await roundTrip(t, from, ["out/secret", "out/*"]);
    assert.equal(packed.files, 0);
    assert.deepEqual(await readdir(into), []);
    assert.match(lines.join("\n"), /"out" is left out: what leads to it is a link/);
  });

  test("leaves out sockets and counts what it does not tell", async (t) => {
    const from = await temporaryFolder(t);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(from, "socket"), resolve));
    for (let i = 0; i < 25; i += 1) await link(join(from, "socket"), join(from, `socket-${i}`));
    const { packed, lines } = await roundTrip(t, from);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(packed.files, 0);
    assert.equal(lines[0], '"socket" is left out: it is neither a file, a folder nor a link');
    assert.equal(lines.at(-1), "and 6 more such files");
  });

  for (const [pattern, message] of [
    ["/etc/*", /the pattern "\/etc\/\*" is absolute/],
    ["../x", /the pattern "..\/x" leads out of its folder by ".."/],
    ["", /the pattern "" is empty/],
  ] as const) {
    test(`refuses the pattern ${JSON.stringify(pattern)}`, async (t) => {
      await assert.rejects(roundTrip(t, await temporaryFolder(t), [pattern]), message);
    });
  }

  test("refuses more than the limits, in files and in bytes", async (t) => {
    const from = await temporaryFolder(t);
    for (const name of ["a", "b", "c"]) await put(from, name, "12345");
    const few = { maxEntries: 2, maxBytes: 1000 };
    await assert.rejects(roundTrip(t, from, ["."], few), /more than 2 files and folders/);
    await assert.rejects(roundTrip(t, from, ["."], { maxEntries: 10, maxBytes: 12 }), /more than 12 bytes/);
  });
});

type Hostile = Partial<Header> & { name: string };

/** An archive with these entries, each file holding "x". */
async function hostileArchive(t: TestContext, entries: readonly Hostile[]): Promise<string> {
  const tar = pack();
  for (const entry of entries) {
    if (entry.type === undefined || entry.type === "file") tar.entry(entry, "x");
    else tar.entry(entry);
  }
  tar.finalize();
  const path = join(await temporaryFolder(t), "hostile.tar.zst");
  await writeFile(path, zstdCompressSync(Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Uint8Array>))));
  return path;
}

const file = (name: string): Hostile => ({ name });
const linkTo = (name: string, linkname: string): Hostile => ({ name, type: "symlink", linkname });

suite("a hostile archive", () => {
  const cases: [string, Hostile[], RegExp][] = [
    ["climbs out", [file("../evil")], /its entry "\.\.\/evil" leads out of its folder/],
    ["climbs out late", [file("a/../../evil")], /leads out of its folder/],
    ["is absolute", [file("/tmp/evil")], /is absolute/],
    ["has an absolute link", [linkTo("a", "/etc")], /"a": it is a link that leads out of its folder, to "\/etc"/],
    ["has a link upwards", [linkTo("d/a", "../../x")], /leads out of its folder, to "\.\.\/\.\.\/x"/],
    ["writes through its own link", [linkTo("a", "b"), file("a/evil")], /on its way "a" is not a folder, or is a link/],
    ["has a hard link", [{ name: "a", type: "link", linkname: "/etc/passwd" }], /of the type link/],
    ["has a device", [{ name: "a", type: "character-device", devmajor: 1, devminor: 3 }], /type character-device/],
    ["has a pipe", [{ name: "a", type: "fifo" }], /of the type fifo/],
    ["has a file that is a folder", [{ name: "a", type: "directory" }, file("a")], /"a" is a folder already/],
  ];
  for (const [what, entries, message] of cases) {
    test(`that ${what} is refused`, async (t) => {
      const archive = await hostileArchive(t, entries);
      const folder = await temporaryFolder(t);
      const unpacked = unpackArchive({ archive, roots: [{ prefix: "", folder }], limits: DEFAULT_LIMITS, signal });
      await assert.rejects(unpacked, message);
      await assert.rejects(lstat(join(folder, "..", "evil")), { code: "ENOENT" });
    });
  }

  test("writes nothing through a link that a step has put there", async (t) => {
    const [folder, outside] = [await temporaryFolder(t), await temporaryFolder(t)];
    await symlink(outside, join(folder, "into"));
    const archive = await hostileArchive(t, [file("evil")]);
    const roots = [{ prefix: "", folder, into: "into" }];
    await assert.rejects(unpackArchive({ archive, roots, limits: DEFAULT_LIMITS, signal }), /is not a folder, or is a/);
    assert.deepEqual(await readdir(outside), []);
  });

  test("takes the place of a link, and does not write to what it leads to", async (t) => {
    const [folder, outside] = [await temporaryFolder(t), await temporaryFolder(t)];
    await put(outside, "kept", "old");
    await symlink(join(outside, "kept"), join(folder, "name"));
    const archive = await hostileArchive(t, [file("name")]);
    await unpackArchive({ archive, roots: [{ prefix: "", folder }], limits: DEFAULT_LIMITS, signal });
    assert.equal(await readFile(join(outside, "kept"), "utf8"), "old");
    assert.equal(await readFile(join(folder, "name"), "utf8"), "x");
  });

  test("is bounded in entries and in bytes, also where it unpacks to far more than it is", async (t) => {
    const folder = await temporaryFolder(t);
    const roots = [{ prefix: "", folder }];
    const archive = await hostileArchive(t, [file("a"), file("b"), file("c")]);
    const small = { maxEntries: 2, maxBytes: 100 };
    await assert.rejects(unpackArchive({ archive, roots, limits: small, signal }), /it has over 2 entries/);
    const tiny = { maxEntries: 10, maxBytes: 2 };
    await assert.rejects(unpackArchive({ archive, roots, limits: tiny, signal }), /its files are over 2 bytes/);
    const bomb = join(folder, "bomb.tar.zst");
    await writeFile(bomb, zstdCompressSync(Buffer.alloc(4 * 1024 * 1024)));
    await assert.rejects(unpackArchive({ archive: bomb, roots, limits: small, signal }), /it unpacks to over/);
  });

  test("that is cut off or not an archive at all is called broken", async (t) => {
    const folder = await temporaryFolder(t);
    const roots = [{ prefix: "", folder }];
    const archive = await hostileArchive(t, [file("a")]);
    await writeFile(archive, (await readFile(archive)).subarray(0, 40));
    await assert.rejects(unpackArchive({ archive, roots, limits: DEFAULT_LIMITS, signal }), /the archive is broken/);
    await writeFile(archive, "not an archive");
    await assert.rejects(unpackArchive({ archive, roots, limits: DEFAULT_LIMITS, signal }), /the archive is broken/);
  });
});
