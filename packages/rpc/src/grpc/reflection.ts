import type { DescFile } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import type { MountedService } from "../guard.ts";

/** Lets grpcurl-like clients list and call the services without the .proto files. */
export function addReflection(server: Server, services: MountedService[]): void {
  const files = new Map<string, Buffer>();
  for (const { service } of services) collect(service.file, files);
  // The library reads nothing of a package definition but its file descriptors.
  const packages = { all: { fileDescriptorProtos: [...files.values()] } };
  const reflection = new ReflectionService(packages as unknown as ConstructorParameters<typeof ReflectionService>[0], {
    services: services.map(({ service }) => service.typeName),
  });
  reflection.addToServer(server);
}

function collect(file: DescFile, into: Map<string, Buffer>): void {
  if (into.has(file.name)) return;
  for (const dependency of file.dependencies) collect(dependency, into);
  into.set(file.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
}
