// protoc plugin: for each service of x.proto writes x.rpc.h with one typed constant per rpc
// (ctc::rpc::Method), from which handlers are bound and clients call. It replaces gRPC's generated
// stubs, whose headers cost three seconds of compile time in every file that includes them.
#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/plugin.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <memory>
#include <string>

namespace pb = google::protobuf;

namespace {

std::string Replace(std::string text, char from, const std::string& to) {
  std::string out;
  for (char c : text) out += c == from ? to : std::string(1, c);
  return out;
}

std::string CppName(const pb::Descriptor* message) {
  return "::" + Replace(message->full_name(), '.', "::");
}

class RpcGenerator : public pb::compiler::CodeGenerator {
 public:
  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }

  bool Generate(const pb::FileDescriptor* file, const std::string&,
                pb::compiler::GeneratorContext* context, std::string*) const override {
    const std::string base = file->name().substr(0, file->name().rfind(".proto"));
    std::unique_ptr<pb::io::ZeroCopyOutputStream> stream(context->Open(base + ".rpc.h"));
    pb::io::Printer out(stream.get(), '$');
    out.Print(
        "// Generated from $file$. Typed names of its rpcs.\n#pragma once\n\n"
        "#include \"libs/rpc/method.h\"\n#include \"$base$.pb.h\"\n\n",
        "file", file->name(), "base", base);
    for (int i = 0; i < file->service_count(); ++i) {
      const auto* service = file->service(i);
      out.Print("namespace $ns$::$name$Rpc {\n", "ns", Replace(file->package(), '.', "::"), "name",
                service->name());
      out.Print("inline constexpr std::string_view kService = \"$full$\";\n", "full",
                service->full_name());
      for (int j = 0; j < service->method_count(); ++j) {
        const auto* method = service->method(j);
        out.Print(
            "inline constexpr ctc::rpc::Method<$in$, $out$> k$name${\"/$service$/$name$\"};\n",
            "in", CppName(method->input_type()), "out", CppName(method->output_type()), "name",
            method->name(), "service", service->full_name());
      }
      out.Print("}  // namespace $ns$::$name$Rpc\n", "ns", Replace(file->package(), '.', "::"),
                "name", service->name());
    }
    return true;
  }
};

}  // namespace

int main(int argc, char** argv) {
  RpcGenerator generator;
  return pb::compiler::PluginMain(argc, argv, &generator);
}
