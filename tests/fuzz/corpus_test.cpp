// Every corpus file goes through its target in the normal build: real samples, and what once broke.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> FilesOf(std::string_view target) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(CTC_FUZZ_CORPUS) / target)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string BytesOf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("every corpus file keeps the promises of its target", "[fuzz]") {
  const Target target = GENERATE(from_range(Targets()));
  const std::vector<fs::path> files = FilesOf(target.name);
  CAPTURE(target.name);
  REQUIRE_FALSE(files.empty());
  for (const fs::path& file : files) {
    INFO(file.filename().string());
    REQUIRE_NOTHROW(target.run(BytesOf(file)));
  }
}

TEST_CASE("a corpus file cut short anywhere keeps the promises too", "[fuzz]") {
  const Target target = GENERATE(from_range(Targets()));
  CAPTURE(target.name);
  for (const fs::path& file : FilesOf(target.name)) {
    INFO(file.filename().string());
    const std::string bytes = BytesOf(file);
    const size_t step = bytes.size() / 64 + 1;
    for (size_t length = 0; length < bytes.size(); length += step) {
      REQUIRE_NOTHROW(target.run(std::string_view(bytes).substr(0, length)));
    }
  }
}

}  // namespace
}  // namespace ctc::fuzz
