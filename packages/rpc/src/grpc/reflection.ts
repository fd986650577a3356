import type { DescFile } from "@bufbuild/protobuf";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { service as health } from "grpc-health-check";
import type { MountedService } from "../guard.ts";

type PackageDefinition = ConstructorParameters<typeof ReflectionService>[0];

/** Lets grpcurl-like clients list and call the services, gRPC health among them, without the .proto files. */
export function addReflection(server: Server, services: MountedService[]): void {
  const files = new Map<string, Buffer>();
  for (const { service } of services) collect(service.file, files);
  // The library reads nothing of a package definition but its file descriptors.
  const packages = { own: { fileDescriptorProtos: [...files.values()] }, health: healthFiles() };
  new ReflectionService(packages as unknown as PackageDefinition).addToServer(server);
}

function collect(file: DescFile, into: Map<string, Buffer>): void {
  if (into.has(file.name)) return;
  for (const dependency of file.dependencies) collect(dependency, into);
  into.set(file.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
}

/** The descriptors of gRPC health, which its own library carries in the types of its methods. */
function healthFiles(): { fileDescriptorProtos: Buffer[] } {
  const { requestType } = health["Check"] as unknown as { requestType: { fileDescriptorProtos: Buffer[] } };
  return { fileDescriptorProtos: requestType.fileDescriptorProtos.map(withMapEntryNames) };
}

/** protobufjs names a map's entry type after the field alone; strict readers want protoc's name, with "Entry". */
function withMapEntryNames(bytes: Buffer): Buffer {
  const file = fromBinary(FileDescriptorProtoSchema, bytes);
  for (const { field, nestedType } of file.messageType) {
    for (const entry of nestedType.filter(({ options }) => options?.mapEntry)) {
      const name = `${entry.name}Entry`;
      for (const map of field.filter(({ typeName }) => typeName === entry.name)) map.typeName = name;
      entry.name = name;
    }
  }
  return Buffer.from(toBinary(FileDescriptorProtoSchema, file));
}
