#include "libs/providers/mcube/push.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>

#include "libs/providers/callback_fields.h"
#include "libs/providers/indian.h"
#include "libs/providers/recording_host.h"

namespace ctc::providers::mcube {
namespace {

constexpr size_t kMaxCallId = 64;
constexpr int kMaxSeconds = 7 * 24 * 3600;

// Answers of several sources, asked in turn.
class Sources {
 public:
  void Add(CallbackFields fields) { list_.push_back(std::move(fields)); }
  std::string Get(std::initializer_list<std::string_view> names) const {
    for (const CallbackFields& fields : list_) {
      if (const std::string_view value = fields.GetAny(names); !value.empty()) {
        return std::string(value);
      }
    }
    return "";
  }
  bool Has(std::string_view name) const {
    return std::any_of(list_.begin(), list_.end(),
                       [&](const CallbackFields& fields) { return fields.Has(name); });
  }

 private:
  std::vector<CallbackFields> list_;
};

// The body, the JSON that classic pushes carry in a field of it, and the query.
absl::StatusOr<Sources> SourcesOf(const common::v1::HttpRequest& request) {
  Sources sources;
  CTC_ASSIGN_OR_RETURN(CallbackFields body, CallbackFields::Read(request));
  const std::string data(body.Raw("data"));
  sources.Add(std::move(body));
  if (!data.empty()) {
    auto inner = CallbackFields::ReadJson(data);
    if (!inner.ok()) return absl::InvalidArgumentError("data: is not a JSON object");
    sources.Add(*std::move(inner));
  }
  if (auto query = CallbackFields::ReadQuery(request); query.ok()) sources.Add(*std::move(query));
  return sources;
}

std::string Word(std::string text) {
  absl::AsciiStrToLower(&text);
  std::erase_if(text, [](char c) { return c == ' ' || c == '_' || c == '-'; });
  return text;
}

bool IsCallId(std::string_view text) {
  return text.size() <= kMaxCallId && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                  c == '.';
         });
}

// "callto" is the customer beside emp_phone (cloud) and the agent beside callfrom (classic).
void ReadParties(const Sources& sources, Push& push) {
  const std::string emp_phone = sources.Get({"emp_phone"});
  const std::string callfrom = sources.Get({"callfrom"});
  std::string agent = sources.Get({"emp_phone", "empnumber", "executive", "exenumber"});
  std::string customer = sources.Get({"customer", "custnumber"});
  if (customer.empty()) customer = emp_phone.empty() ? callfrom : sources.Get({"callto"});
  if (agent.empty() && !callfrom.empty()) agent = sources.Get({"callto"});
  push.agent = ReadIndianNumber(agent);
  push.customer = ReadIndianNumber(customer);
  push.did = ReadIndianNumber(sources.Get({"clicktocalldid", "landingnumber", "did"}));
}

}  // namespace

int SecondsOf(std::string_view text) {
  int total = 0;
  for (int parts = 0; parts < 3; ++parts) {
    const size_t colon = std::min(text.find(':'), text.size());
    const std::string_view part = text.substr(0, colon);
    int value = 0;
    const bool digits = !part.empty() && part.size() <= 6 &&
                        std::all_of(part.begin(), part.end(), absl::ascii_isdigit);
    if (!digits || !absl::SimpleAtoi({part.data(), part.size()}, &value)) return -1;
    if (parts > 0 && value > 59) return -1;
    total = total * 60 + value;
    if (total > kMaxSeconds) return -1;
    if (colon == text.size()) return total;
    text.remove_prefix(colon + 1);
  }
  return -1;
}

absl::StatusOr<Push> ReadPush(const common::v1::HttpRequest& request) {
  CTC_ASSIGN_OR_RETURN(const Sources sources, SourcesOf(request));
  Push push;
  push.callid = sources.Get({"callid", "call_id", "callId"});
  if (!IsCallId(push.callid)) return absl::InvalidArgumentError("callid: is malformed");
  push.refid = sources.Get({"refid", "ref_id"});
  push.word = Word(sources.Get({"dialstatus", "dialStatus", "status"}));
  const std::string end = sources.Get({"endtime", "endTime"});
  push.start = ReadIndianTime(sources.Get({"starttime", "startTime"}));
  push.end = ReadIndianTime(end);
  push.has_end = !end.empty() && !absl::StartsWith(end, "0000-00-00");
  push.answered_seconds =
      SecondsOf(sources.Get({"answeredtime", "answeredTime", "billsec", "duration"}));
  push.filename = sources.Get({"filename"});
  const std::string direction = Word(sources.Get({"direction", "callDirection"}));
  push.inbound = direction.empty() ? push.refid.empty() : direction.starts_with("in");
  ReadParties(sources, push);
  if (push.callid.empty() && push.refid.empty()) {
    return absl::InvalidArgumentError("callid: is missing");
  }
  return push;
}

bool IsRecordingHost(const Account& account, std::string_view url) {
  constexpr std::array<std::string_view, 4> kHosts = {"mcube.com", "vmc.in",
                                                      "mcube.vmctechnologies.com",
                                                      "s3.ap-south-1.amazonaws.com/app.mcube.com"};
  return IsAtHost(url, kHosts) || IsAtHostOf(url, account.config.api_url());
}

std::string RecordingUrlOf(const Account& account, std::string_view filename) {
  if (filename.empty()) return "";
  std::string url(filename);
  if (url.find("://") == std::string::npos) {
    while (url.starts_with('/')) url.erase(0, 1);
    // A name with folders is relative to the recordings' host, a bare one is a classic file.
    url = absl::StrCat(url.find('/') == std::string::npos
                           ? "https://mcube.vmctechnologies.com/sounds/"
                           : "https://recordings.mcube.com/",
                       url);
    if (url.find("..") != std::string::npos) return "";
  }
  return IsRecordingHost(account, url) ? url : "";
}

}  // namespace ctc::providers::mcube
