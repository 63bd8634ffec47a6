#include "tests/contract/proto_source.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

namespace ctc::contract {
namespace {

namespace pb = google::protobuf;

class OverlayTree : public pb::compiler::SourceTree {
 public:
  explicit OverlayTree(std::map<std::string, std::string> overlay) : overlay_(std::move(overlay)) {
    disk_.MapPath("", CTC_PROTO_DIR);
    disk_.MapPath("", CTC_GOOGLEAPIS_DIR);
    disk_.MapPath("", CTC_PROTOBUF_INCLUDE_DIR);
  }

  pb::io::ZeroCopyInputStream* Open(const std::string& filename) override {
    const auto found = overlay_.find(filename);
    if (found == overlay_.end()) return disk_.Open(filename);
    return new pb::io::ArrayInputStream(found->second.data(),
                                        static_cast<int>(found->second.size()));
  }
  std::string GetLastErrorMessage() override { return disk_.GetLastErrorMessage(); }

 private:
  std::map<std::string, std::string> overlay_;
  pb::compiler::DiskSourceTree disk_;
};

class ErrorText : public pb::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& filename, int line, int, const std::string& message) override {
    text_ += filename + ":" + std::to_string(line + 1) + ": " + message + "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

struct ProtoSource::Parts {
  explicit Parts(std::map<std::string, std::string> overlay)
      : tree(std::move(overlay)), importer(&tree, &errors) {}
  OverlayTree tree;
  ErrorText errors;
  pb::compiler::Importer importer;
};

ProtoSource::ProtoSource(std::map<std::string, std::string> overlay)
    : parts_(std::make_unique<Parts>(std::move(overlay))) {}
ProtoSource::~ProtoSource() = default;

const pb::FileDescriptor* ProtoSource::Import(const std::string& path) {
  return parts_->importer.Import(path);
}

std::vector<const pb::FileDescriptor*> ProtoSource::ImportAll() {
  std::vector<std::string> paths;
  const std::filesystem::path root(CTC_PROTO_DIR);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".proto") {
      paths.push_back(entry.path().lexically_relative(root).generic_string());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<const pb::FileDescriptor*> files;
  for (const std::string& path : paths) {
    const pb::FileDescriptor* file = Import(path);
    if (file == nullptr) return {};
    files.push_back(file);
  }
  return files;
}

const std::string& ProtoSource::Errors() const { return parts_->errors.text(); }

pb::FileDescriptorSet ToSet(const std::vector<const pb::FileDescriptor*>& files) {
  pb::FileDescriptorSet set;
  for (const pb::FileDescriptor* file : files) {
    pb::FileDescriptorProto* copy = set.add_file();
    file->CopyTo(copy);
    file->CopyJsonNameTo(copy);
  }
  return set;
}

}  // namespace ctc::contract
