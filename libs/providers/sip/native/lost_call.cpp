#include "libs/providers/sip/native/lost_call.h"

#include <absl/strings/str_cat.h>

#include "libs/base/error_catalogue.h"
#include "libs/providers/sip/native/recording_files.h"

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using session::v1::Session;

CallFact FactOf(CallFact::Kind kind, std::string key) {
  CallFact fact;
  fact.set_kind(kind);
  fact.set_party(session::v1::Leg::CUSTOMER);
  fact.set_event_key(std::move(key));
  return fact;
}

}  // namespace

CallFact ReadyFact(const std::string& url) {
  CallFact fact = FactOf(CallFact::RECORDING_READY, ReadyKey(url));
  fact.set_source(session::v1::EVENT_SOCKET);
  fact.set_recording_url(url);
  return fact;
}

// What the phones themselves told, if it was only late, counts more.
CallFact LostFact(const Session& session) {
  const bool joined =
      session.status() == Session::CONNECTED || session.status() == Session::ON_HOLD;
  CallFact fact = FactOf(joined ? CallFact::CALL_ENDED : CallFact::CALL_FAILED,
                         absl::StrCat("sip:", session.id(), ":lost"));
  fact.set_source(session::v1::TIMEOUT);
  fact.set_reason(session::v1::LOST);
  fact.set_message("The call ended with the process that carried it");
  if (!joined) fact.set_error_code(std::string(base::kProviderError.code));
  return fact;
}

std::vector<CallFact> LostRecordings(const Session& session, const std::vector<std::string>& urls) {
  std::vector<CallFact> facts;
  // One that runs is over, though its file be nowhere; of an earlier one both was told.
  if (session.is_recorded() && session.recording_url().empty()) {
    facts.push_back(
        FactOf(CallFact::RECORDING_STOPPED, absl::StrCat("sip:", session.id(), ":lost recording")));
    facts.back().set_source(session::v1::EVENT_SOCKET);
    if (urls.empty()) {
      facts.push_back(FactOf(CallFact::RECORDING_FAILED,
                             absl::StrCat("sip:", session.id(), ":failed recording")));
      facts.back().set_source(session::v1::EVENT_SOCKET);
      facts.back().set_message("The recording is gone with the process that carried the call");
    }
  }
  for (const std::string& url : urls) facts.push_back(ReadyFact(url));
  return facts;
}

}  // namespace ctc::providers::sip::native
