// How long a session takes to print and an initiate body to read, beside protobuf's own JSON.
#include <google/protobuf/util/json_util.h>

#include <chrono>
#include <cstdio>

#include "ctc/session/v1/session_service.pb.h"
#include "libs/transcoding/json_reader.h"
#include "libs/transcoding/json_writer.h"

namespace ctc::transcoding {
namespace {

constexpr int kRounds = 5;
constexpr int kTimes = 20000;

session::v1::Session ASession() {
  session::v1::Session session;
  session.set_id("0190b2c8-7a3e-7c1d-9c39-2f6a1f0e4c11");
  session.set_session_id("sess_01J2SCGYHY3GEKJE9FD8FGWK0H");
  session.set_status(session::v1::Session::CONNECTED);
  session.set_from_phone("+0987654321");
  session.set_to_phone("+1234567890");
  session.set_provider_id("0190b2c8-7a3e-7c1d-9c39-2f6a1f0e4c12");
  session.set_provider_type(common::v1::ProviderType::ASTERISK);
  session.set_provider_call_id("1764757800.42");
  session.set_direction(session::v1::Session::OUTBOUND);
  session.set_phone_type("EXTERNAL");
  session.set_agent_id("agent-uuid");
  session.set_lead_id("lead-uuid");
  session.set_campaign_id("campaign-uuid");
  session.set_contact_name("John Doe");
  session.set_contact_email("john@example.com");
  (*session.mutable_metadata()->mutable_fields())["custom_field"].set_string_value("value");
  session.mutable_call_started_at()->set_seconds(1764757800);
  session.mutable_call_answered_at()->set_seconds(1764757810);
  session.set_duration_seconds(180);
  session.set_is_recorded(true);
  session.mutable_created_at()->set_seconds(1764757799);
  session.mutable_updated_at()->set_seconds(1764757811);
  session.set_version(5);
  return session;
}

template <class Work>
void Measure(const char* name, const Work& work) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kTimes; ++i) work();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kTimes);
  }
  std::printf("%-28s %7.2f us\n", name, best);
}

int Run() {
  namespace util = google::protobuf::util;
  const session::v1::Session session = ASession();
  const MessageTable& session_table = TableOf(session::v1::Session::descriptor());
  const MessageTable& initiate_table = TableOf(session::v1::InitiateCallRequest::descriptor());
  const std::string body =
      R"({"to_phone":"+1234567890","phone_type":"EXTERNAL","lead_id":"lead-uuid",)"
      R"("agent_id":"agent-uuid","contact_name":"John Doe","contact_email":"john@example.com",)"
      R"("campaign_id":"campaign-uuid","metadata":{"custom_field":"value"}})";
  util::JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  print.always_print_primitive_fields = true;
  size_t bytes = 0;
  Measure("session, ours", [&] {
    std::string out;
    out.reserve(1024);
    AppendJson(session, session_table, out);
    bytes += out.size();
  });
  Measure("session, protobuf", [&] {
    std::string out;
    if (util::MessageToJsonString(session, &out, print).ok()) bytes += out.size();
  });
  Measure("initiate body, ours", [&] {
    session::v1::InitiateCallRequest request;
    if (ReadJson(body, initiate_table, request).ok()) bytes += request.to_phone().size();
  });
  Measure("initiate body, protobuf", [&] {
    session::v1::InitiateCallRequest request;
    if (util::JsonStringToMessage(body, &request).ok()) bytes += request.to_phone().size();
  });
  return bytes > 0 ? 0 : 1;
}

}  // namespace
}  // namespace ctc::transcoding

int main() { return ctc::transcoding::Run(); }
