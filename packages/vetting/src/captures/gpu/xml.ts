import { SaxesParser } from "saxes";
import { type GpuSheet, type GpuSheets, idOf } from "./sheet.ts";

const MAX_DEPTH = 32;

/** True for XML of nvidia-smi, or the beginning of it. */
export function isGpuXml(text: string): boolean {
  return text.includes("<nvidia_smi_log>");
}

/** Reads `nvidia-smi -q -x`, which must be well-formed to its end. There are no entities but XML's own five. */
export function readGpuXml(text: string): GpuSheets {
  const reader = new XmlReader();
  try {
    // Warnings may stand before the document, and the prompt of a shell after it.
    const start = Math.max(0, text.search(/<\?xml|<!DOCTYPE|<nvidia_smi_log>/));
    const parser = new SaxesParser();
    parser.on("error", (error) => {
      throw error;
    });
    parser.on("opentag", ({ name, attributes }) => reader.open(name, attributes));
    parser.on("text", (value) => reader.text(value));
    parser.on("closetag", () => reader.close());
    const end = text.lastIndexOf("</nvidia_smi_log>");
    parser.write(end < 0 ? text.slice(start) : text.slice(start, end + "</nvidia_smi_log>".length)).close();
    return reader.end();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { gpus: [], problems: [`the XML is broken or cut off: ${why}`] };
  }
}

class XmlReader {
  readonly #path: string[] = [];
  readonly #gpus: GpuSheet[] = [];
  #text = "";
  #claimed: number | undefined;

  open(name: string, { id }: Record<string, string>): void {
    if (this.#path.push(name.toLowerCase()) > MAX_DEPTH) throw new Error(`it is nested deeper than ${MAX_DEPTH}`);
    if (this.#path.length === 2 && name === "gpu") this.#gpus.push({ id: id ?? "", fields: [] });
    this.#text = "";
  }

  text(value: string): void {
    this.#text += value;
  }

  close(): void {
    const value = this.#text.trim();
    const path = this.#path.slice(2).join("/");
    if (value !== "" && this.#path[1] === "gpu") this.#gpus.at(-1)?.fields.push([path, value]);
    if (this.#path.at(-1) === "attached_gpus" && /^\d{1,4}$/.test(value)) this.#claimed = Number(value);
    this.#path.pop();
    this.#text = "";
  }

  end(): GpuSheets {
    const gpus = this.#gpus.map(({ id, fields }, place) => ({ id: idOf(fields, id || `GPU ${place}`), fields }));
    const problems = this.#claimed === undefined ? ["it does not say how many GPUs are attached"] : [];
    return { gpus, problems, ...(this.#claimed !== undefined && { claimed: this.#claimed }) };
  }
}
