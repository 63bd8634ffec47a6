#include "libs/transcoding/json_writer.h"

#include <google/protobuf/struct.pb.h>
#include <catch2/catch.hpp>

#include "ctc/dispatch/v1/provider_service.pb.h"
#include "ctc/session/v1/session.pb.h"
#include "ctc/stats/v1/stats_service.pb.h"

namespace ctc::transcoding {
namespace {

TEST_CASE("fields without presence are printed, what is not set is not", "[transcoding][writer]") {
  session::v1::Leg leg;
  leg.set_id("agent");
  CHECK(ToJson(leg) == R"({"id":"agent","provider_leg_id":"","phone":"","cause":""})");
}

TEST_CASE("an optional field is printed once it is set, even to nothing", "[transcoding][writer]") {
  session::v1::WrapUp wrap_up;
  CHECK(ToJson(wrap_up) == R"({"disposition":"","notes":"","tags":[]})");
  session::v1::Session session;
  CHECK(ToJson(session).find("agent_id") == std::string::npos);
  session.set_agent_id("");
  CHECK(ToJson(session).find(R"("agent_id":"")") != std::string::npos);
}

TEST_CASE("64-bit numbers are numbers and whole doubles have no exponent",
          "[transcoding][writer]") {
  stats::v1::GetCallStatsResponse stats;
  stats.set_total_duration(100000000);
  (*stats.mutable_by_status())["FAILED"] = 20;
  (*stats.mutable_by_status())["COMPLETED"] = 480;
  CHECK(ToJson(stats) ==
        R"({"total_calls":0,"completed_calls":0,"failed_calls":0,)"
        R"("total_duration":100000000,"average_duration":0,)"
        R"("by_status":{"COMPLETED":480,"FAILED":20},"groups":[],"groups_total":0})");
  session::v1::Session session;
  session.set_version(9007199254740993);
  CHECK(ToJson(session).find(R"("version":9007199254740993)") != std::string::npos);
}

TEST_CASE("free data comes back with sorted keys, all kinds of values", "[transcoding][writer]") {
  google::protobuf::Struct data;
  auto& fields = *data.mutable_fields();
  fields["z"].set_null_value(google::protobuf::NULL_VALUE);
  fields["b"].set_number_value(0.5);
  fields["a"].mutable_list_value()->add_values()->set_bool_value(true);
  fields["a"].mutable_list_value()->add_values()->mutable_struct_value();
  fields["n"].set_number_value(-3);
  CHECK(ToJson(data) == R"({"a":[true,{}],"b":0.5,"n":-3,"z":null})");
}

TEST_CASE("a number too large for an integer is not written like one", "[transcoding][writer]") {
  google::protobuf::Value value;
  value.set_number_value(-5000000000004011898.0);
  CHECK(ToJson(value) == "-5.000000000004012e+18");
  value.set_number_value(9007199254740992.0);
  CHECK(ToJson(value) == "9.007199254740992e+15");
  value.set_number_value(9007199254740991.0);
  CHECK(ToJson(value) == "9007199254740991");
}

TEST_CASE("text is escaped as JSON demands and UTF-8 stays", "[transcoding][writer]") {
  std::string out;
  AppendJsonString("a\"b\\c\n\x01\x7f/\xc3\xa9\xf0\x9f\x93\x9e", out);
  CHECK(out == "\"a\\\"b\\\\c\\n\\u0001\\u007f/\xc3\xa9\xf0\x9f\x93\x9e\"");
}

TEST_CASE("numbers that JSON cannot say are null", "[transcoding][writer]") {
  google::protobuf::Value value;
  value.set_number_value(std::numeric_limits<double>::infinity());
  CHECK(ToJson(value) == "null");
}

}  // namespace
}  // namespace ctc::transcoding
