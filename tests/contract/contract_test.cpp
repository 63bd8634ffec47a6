// The contract as it stands in proto/ keeps the rules, and keeps what was released.
#include <fstream>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.pb.h>
#include <catch2/catch.hpp>

#include "tests/contract/compatibility.h"
#include "tests/contract/proto_source.h"
#include "tests/contract/rules.h"

namespace ctc::contract {
namespace {

using Catch::Matchers::Equals;
const std::vector<std::string> kNone;

TEST_CASE("every file of the contract keeps the rules", "[contract]") {
  ProtoSource source;
  const auto files = source.ImportAll();
  INFO(source.Errors());
  REQUIRE(files.size() >= 14);
  std::vector<std::string> all = PathComplaints(files);
  for (const auto* file : files) {
    for (std::string& complaint : Complaints(*file)) all.push_back(std::move(complaint));
  }
  CHECK_THAT(all, Equals(kNone));
}

TEST_CASE("the contract keeps every promise of the released one", "[contract]") {
  google::protobuf::FileDescriptorSet released;
  std::ifstream file(CTC_RELEASED_CONTRACT, std::ios::binary);
  REQUIRE(released.ParseFromIstream(&file));
  REQUIRE(released.file_size() >= 14);
  ProtoSource source;
  const auto files = source.ImportAll();
  REQUIRE_FALSE(files.empty());
  INFO("meant so? then tools/update-released-contract, and a line in the release notes");
  CHECK_THAT(Breaches(released, ToSet(files)), Equals(kNone));
}

}  // namespace
}  // namespace ctc::contract
