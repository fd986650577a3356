import { constants, type Stats } from "node:fs";
import { lstat, mkdir, open, readdir, readlink, symlink, unlink, type FileHandle } from "node:fs/promises";
import { failedBy, FilesError, quoted } from "./files-error.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/**
 * A folder that is held open. Steps may still run beside the agent and put links in its way: so every name is looked up
 * in the open folder, through /proc/self/fd, and no link is followed, as openat(2) with O_NOFOLLOW would.
 */
export class Folder implements AsyncDisposable {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Opens a folder by a path that no step can change. */
  static async open(path: string): Promise<Folder> {
    return new Folder(await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  /** Opens a folder in it. Throws FilesError for a link and for anything else that is not a folder. */
  async folder(name: string): Promise<Folder> {
    try {
      return await Folder.open(this.#path(name));
    } catch (error) {
      if (failedBy(error, "ELOOP", "ENOTDIR")) throw new FilesError(`${quoted(name)} is not a folder, or is a link`);
      throw error;
    }
  }

  /** Opens a folder in it, made when it is missing. */
  async makeFolder(name: string): Promise<Folder> {
    await mkdir(this.#path(name), { mode: 0o755 }).catch((error: unknown) => {
      if (!failedBy(error, "EEXIST")) throw error;
    });
    return this.folder(name);
  }

  /** Opens a regular file for reading. Throws FilesError for a link, a pipe and the like. */
  async openFile(name: string): Promise<FileHandle> {
    const handle = await open(this.#path(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
      throw failedBy(error, "ELOOP", "ENXIO") ? new FilesError(`${quoted(name)} is not a regular file`) : error;
    });
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    throw new FilesError(`${quoted(name)} is not a regular file`);
  }

  /** Makes a new file to write; it takes the place of a file or link of this name. */
  async createFile(name: string): Promise<FileHandle> {
    await this.#clear(name);
    return open(this.#path(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }

  /** Makes a link; it takes the place of a file or link of this name. */
  async createLink(name: string, target: string): Promise<void> {
    await this.#clear(name);
    await symlink(target, this.#path(name));
  }

  /** What a name stands for, links not followed. Undefined: nothing. */
  async stat(name: string): Promise<Stats | undefined> {
    return lstat(this.#path(name)).catch((error: unknown) => {
      if (failedBy(error, "ENOENT")) return undefined;
      throw error;
    });
  }

  /** Where a link leads to. */
  readLink(name: string): Promise<string> {
    return readlink(this.#path(name));
  }

  /** The names in it. */
  names(): Promise<string[]> {
    return readdir(this.#path("."));
  }

  /** The permissions of the folder itself. */
  async chmod(mode: number): Promise<void> {
    await this.#handle.chmod(mode);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #clear(name: string): Promise<void> {
    await unlink(this.#path(name)).catch((error: unknown) => {
      if (failedBy(error, "ENOENT")) return;
      throw failedBy(error, "EISDIR", "EPERM") ? new FilesError(`${quoted(name)} is a folder already`) : error;
    });
  }

  #path(name: string): string {
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }
}
