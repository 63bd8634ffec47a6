#include "libs/providers/mcube/request.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/account_setting.h"
#include "libs/providers/callback_fields.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/indian.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::mcube {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::PlaceCallResponse;
using Json = nlohmann::json;

constexpr char kWebhookPath[] = "/api/v1/webhooks/voip/mcube";
constexpr size_t kMaxCallId = 64;

enum class Word { kNone, kYes, kNo };

using Words = std::span<const std::string_view>;

bool HasAny(std::string_view text, Words words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

std::string Lower(std::string_view text) {
  return absl::AsciiStrToLower(absl::string_view(text.data(), text.size()));
}

// What a member that should say how it went says.
Word WordOf(std::string_view text) {
  constexpr std::array<std::string_view, 8> kYes = {"succ", "success", "ok",  "queued",
                                                    "true", "1",       "200", "accepted"};
  constexpr std::array<std::string_view, 7> kNo = {"fail",  "failed", "failure",     "error",
                                                   "false", "0",      "unauthorized"};
  const std::string word = Lower(text);
  if (std::find(kYes.begin(), kYes.end(), word) != kYes.end()) return Word::kYes;
  return std::find(kNo.begin(), kNo.end(), word) != kNo.end() ? Word::kNo : Word::kNone;
}

// What a sentence says, where no member does. Failure first: "not initiated" holds both.
Word WordOfSentence(std::string_view text) {
  constexpr std::array<std::string_view, 6> kNo = {"fail",   "error", "invalid",
                                                   "unauth", "not ",  "insufficient"};
  constexpr std::array<std::string_view, 4> kYes = {"succ", "initiat", "originat", "queued"};
  const std::string sentence = Lower(text);
  if (HasAny(sentence, kNo)) return Word::kNo;
  return HasAny(sentence, kYes) ? Word::kYes : Word::kNone;
}

bool IsCallId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxCallId &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                  c == '.';
         });
}

// A page of markup is another server's answer, whatever words it holds.
bool IsMarkup(std::string_view body) {
  const size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (body[first] == '<' || body[first] == '{');
}

// Why mCube said no; the words are those of its panel and its widget.
PlaceCallResponse RefusalOf(std::string_view said) {
  constexpr std::array<std::string_view, 3> kDoNotCall = {"dnd", "ndnc", "do not disturb"};
  constexpr std::array<std::string_view, 7> kAccount = {"auth",   "token",   "apikey", "api key",
                                                        "credit", "balance", "expired"};
  constexpr std::array<std::string_view, 3> kCustomer = {"custnumber", "customer number",
                                                         "invalid number"};
  const std::string text = Lower(said);
  const std::string detail = absl::StrCat("mCube said ", said.empty() ? "no" : std::string(said));
  if (HasAny(text, kDoNotCall)) {
    return Refused(base::kBlockedByPolicy, detail, FailOver::kForbidden,
                   session::v1::BLOCKED_BY_POLICY);
  }
  if (HasAny(text, kAccount)) {
    return Refused(base::kProviderCredentials, detail, FailOver::kAllowed,
                   session::v1::PROVIDER_REJECTED);
  }
  if (HasAny(text, kCustomer)) {
    return Refused(base::kInvalidDestination, detail, FailOver::kForbidden,
                   session::v1::INVALID_NUMBER);
  }
  return Refused(base::kProviderRefused, detail, FailOver::kAllowed,
                 session::v1::PROVIDER_REJECTED);
}

PlaceCallResponse Unclear() {
  return UnknownOutcome(base::kSubmissionUnknown, "the answer is none of mCube's");
}

PlaceCallResponse OutcomeOfJson(const CallbackFields& fields, int http_status) {
  const std::string id(fields.GetAny({"callid", "call_id", "callId", "data[callid]"}));
  const std::string said(fields.GetAny({"msg", "message", "error", "reason"}));
  Word word = WordOf(fields.GetAny({"status", "success", "result", "code"}));
  if (http_status >= 400) word = Word::kNo;
  if (word == Word::kNone && !id.empty()) word = Word::kYes;
  if (word == Word::kNone) word = WordOfSentence(said);
  if (word == Word::kNo) return RefusalOf(said);
  if (word == Word::kNone) return Unclear();
  // The id may be missing: the pushes are found by our own reference.
  return Accepted(IsCallId(id) ? id : "");
}

std::string BaseUrl(const Account& account) {
  std::string base = account.config.api_url();
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base;
}

// Which URL mCube is to push to; "1": those that its panel has.
std::string PushUrl(const Account& account, const std::string& session) {
  if (SettingOf(account.config, "push_to_panel") == "true") return "1";
  return CallUrl(account, CredentialOf(account), kWebhookPath, session);
}

std::string DidOf(const Account& account, const CallOrder& order) {
  const bool rotates = SettingOf(account.config, "rotate_numbers") == "true";
  return rotates ? "" : DiallableNumber(order.from_phone());
}

http::ClientRequest CloudRequest(const Account& account, const CallOrder& order) {
  Json body = {{"HTTP_AUTHORIZATION", std::string(account.auth_token.Reveal())},
               {"exenumber", DiallableNumber(order.agent_phone())},
               {"custnumber", DiallableNumber(order.to_phone())},
               {"refurl", PushUrl(account, order.id())},
               {"refid", order.id()}};
  if (const std::string did = DidOf(account, order); !did.empty()) body["did"] = did;
  http::ClientRequest request;
  request.method = "POST";
  request.url = BaseUrl(account) + "/Restmcube-api/outbound-calls";
  request.headers.emplace_back("Content-Type", "application/json");
  if (SettingOf(account.config, "token_in_header") == "true") {
    request.headers.emplace_back("HTTP_AUTHORIZATION", std::string(account.auth_token.Reveal()));
  }
  request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return request;
}

http::ClientRequest ClassicRequest(const Account& account, const CallOrder& order) {
  std::string query =
      absl::StrCat("apikey=", http::Encode(account.api_key.Reveal()),
                   "&exenumber=", DiallableNumber(order.agent_phone()),
                   "&custnumber=", DiallableNumber(order.to_phone()), "&refid=", order.id());
  if (const std::string did = DidOf(account, order); !did.empty()) {
    absl::StrAppend(&query, "&did=", did);
  }
  if (const std::string url = PushUrl(account, order.id()); url != "1") {
    absl::StrAppend(&query, "&url=", http::Encode(url));
  }
  http::ClientRequest request;
  request.url = absl::StrCat(BaseUrl(account), "/api/outboundcall?", query);
  return request;
}

}  // namespace

Variant VariantOf(const Account& account) {
  const std::string named = SettingOf(account.config, "variant");
  if (!named.empty()) return named == "classic" ? Variant::kClassic : Variant::kCloud;
  const bool key_only = account.auth_token.empty() && !account.api_key.empty();
  return key_only ? Variant::kClassic : Variant::kCloud;
}

const base::Secret& CredentialOf(const Account& account) {
  return VariantOf(account) == Variant::kCloud ? account.auth_token : account.api_key;
}

std::string DiallableNumber(std::string_view phone) {
  if (std::string national = NationalIndianNumber(phone); !national.empty()) return national;
  const bool number =
      phone.size() > 2 && phone.front() == '+' &&
      std::all_of(phone.begin() + 1, phone.end(), [](char c) { return c >= '0' && c <= '9'; });
  return number ? std::string(phone.substr(1)) : "";
}

http::ClientRequest PlaceRequest(const Account& account, const CallOrder& order) {
  return VariantOf(account) == Variant::kCloud ? CloudRequest(account, order)
                                               : ClassicRequest(account, order);
}

PlaceCallResponse OutcomeOf(const http::ClientResult& result) {
  if (auto common = CommonOutcome(result)) return *std::move(common);
  const http::ClientResponse& response = result.response;
  if (const auto fields = CallbackFields::ReadJson(response.body); fields.ok()) {
    return OutcomeOfJson(*fields, response.status);
  }
  const bool markup = IsMarkup(response.body);
  const Word word = markup ? Word::kNone : WordOfSentence(response.body);
  if (response.status >= 400 || word == Word::kNo) {
    return RefusalOf(markup ? absl::StrCat("HTTP ", response.status) : response.body);
  }
  return word == Word::kYes ? Accepted("") : Unclear();
}

std::optional<std::string> RefusalIn(const http::ClientResponse& response) {
  const auto fields = CallbackFields::ReadJson(response.body);
  if (!fields.ok()) {
    const bool no = !IsMarkup(response.body) && WordOfSentence(response.body) == Word::kNo;
    return no ? std::optional<std::string>(response.body) : std::nullopt;
  }
  const std::string said(fields->GetAny({"msg", "message", "error", "reason"}));
  const Word word = WordOf(fields->GetAny({"status", "success", "result", "code"}));
  if (word == Word::kYes) return std::nullopt;
  if (word == Word::kNone && WordOfSentence(said) != Word::kNo) return std::nullopt;
  return said.empty() ? "no" : said;
}

std::optional<absl::Time> TokenEnd(const base::Secret& token) {
  std::string_view text = token.Reveal();
  const size_t first = text.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  text.remove_prefix(first + 1);
  const auto claims = crypto::FromBase64Url(text.substr(0, text.find('.')));
  if (!claims.ok()) return std::nullopt;
  const Json json = Json::parse(*claims, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto end = json.find("exp_data");
  if (end == json.end() || !end->is_number_unsigned()) return std::nullopt;
  return absl::FromUnixSeconds(end->get<int64_t>());
}

}  // namespace ctc::providers::mcube
