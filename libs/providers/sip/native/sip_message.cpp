#include "libs/providers/sip/native/sip_message.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <arpa/inet.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_extra.h>
#include <sofia-sip/sip_status.h>

#include "libs/crypto/crypto.h"
#include "libs/providers/sip/native/info_key.h"
#include "libs/providers/sip/sip_status.h"

namespace ctc::providers::sip::native {
namespace {

const sip_event_t* EventIn(tagi_t* tags) {
  const sip_event_t* event = nullptr;
  tl_gets(tags, NUTAG_REFER_EVENT_REF(event), TAG_END());
  return event;
}

std::string IdOf(const sip_event_t* event) {
  return event == nullptr || event->o_id == nullptr ? "" : event->o_id;
}

}  // namespace

std::string PayloadOf(const sip_t* sip) {
  if (sip == nullptr || sip->sip_payload == nullptr || sip->sip_payload->pl_data == nullptr) {
    return "";
  }
  return {sip->sip_payload->pl_data, sip->sip_payload->pl_len};
}

int ReasonOf(const sip_t* sip) {
  for (const sip_reason_t* reason = sip == nullptr ? nullptr : sip->sip_reason; reason != nullptr;
       reason = reason->re_next) {
    int cause = 0;
    if (reason->re_cause == nullptr || !absl::SimpleAtoi(reason->re_cause, &cause)) continue;
    if (absl::string_view(reason->re_protocol) == "Q.850") return StatusOfCause(cause);
    if (absl::string_view(reason->re_protocol) == "SIP") return cause;
  }
  return 0;
}

const char* PhraseOf(int status) {
  const char* phrase = sip_status_phrase(status);
  return phrase == nullptr ? "Status" : phrase;
}

std::string SourceOf(msg_t* message) {
  su_sockaddr_t address{};
  socklen_t size = sizeof(address);
  if (message == nullptr || msg_get_address(message, &address, &size) < 0) return "";
  char text[INET6_ADDRSTRLEN] = "";
  const void* bytes = address.su_family == AF_INET6
                          ? static_cast<const void*>(&address.su_sin6.sin6_addr)
                          : &address.su_sin.sin_addr;
  return inet_ntop(address.su_family, bytes, text, sizeof(text)) == nullptr ? "" : text;
}

std::vector<std::string_view> ParamsOf(const msg_auth_t& header) {
  std::vector<std::string_view> params;
  for (auto* at = header.au_params; at != nullptr && *at != nullptr; ++at) params.emplace_back(*at);
  return params;
}

std::vector<std::string> RealmsOf(const sip_t* sip) {
  std::vector<std::string> realms;
  for (const msg_auth_t* first : {sip->sip_www_authenticate, sip->sip_proxy_authenticate}) {
    for (const msg_auth_t* challenge = first; challenge; challenge = challenge->au_next) {
      const char* realm = msg_params_find(challenge->au_params, "realm=");
      if (realm == nullptr || !absl::EqualsIgnoreCase(challenge->au_scheme, "Digest")) continue;
      realms.emplace_back(realm);
    }
  }
  return realms;
}

bool IsPutOff(int status, const char* phrase) {
  return status == 100 && phrase != nullptr && absl::StartsWith(phrase, "Retry After");
}

std::string RedirectedTo(const sip_t* sip) {
  const bool redirects =
      sip != nullptr && sip->sip_status != nullptr && sip->sip_status->st_status / 100 == 3;
  if (!redirects || sip->sip_contact == nullptr) return "";
  const char* host = sip->sip_contact->m_url->url_host;
  return host == nullptr ? "" : host;
}

std::string OwnNameOf(const sip_t* sip) {
  const char* tag = sip->sip_from == nullptr ? nullptr : sip->sip_from->a_tag;
  const std::string names = absl::StrCat(sip->sip_call_id->i_id, "\n", tag == nullptr ? "" : tag);
  return "in-" + crypto::ToHex(crypto::Sha256(names)).substr(0, 32);
}

Dialog DialogOfAnswer(const sip_t* sip) {
  const auto text = [](const char* part) { return part == nullptr ? "" : part; };
  if (sip == nullptr || sip->sip_call_id == nullptr || !sip->sip_from || !sip->sip_to) return {};
  return {text(sip->sip_call_id->i_id), text(sip->sip_from->a_tag), text(sip->sip_to->a_tag)};
}

Dialog DialogOfRequest(const sip_t* sip) {
  Dialog dialog = DialogOfAnswer(sip);
  std::swap(dialog.local_tag, dialog.remote_tag);
  return dialog;
}

absl::StatusOr<Replaces> ReplacesOf(const sip_t* sip) {
  const sip_replaces_t* header = sip->sip_replaces;
  // Where the stack puts what it cannot read, and what should be there once.
  for (const sip_error_t* bad = sip->sip_error; bad != nullptr; bad = bad->er_next) {
    const auto* any = reinterpret_cast<const sip_header_t*>(bad);
    const bool unread = any->sh_class == sip_error_class && bad->er_name != nullptr &&
                        absl::EqualsIgnoreCase(bad->er_name, "Replaces");
    if (unread || any->sh_class == sip_replaces_class) {
      return absl::InvalidArgumentError("Replaces names one dialog");
    }
  }
  if (header == nullptr) return absl::NotFoundError("nobody is to be replaced");
  std::vector<std::string_view> params;
  for (auto* at = header->rp_params; at != nullptr && *at != nullptr; ++at)
    params.emplace_back(*at);
  return ReadReplaces(header->rp_call_id == nullptr ? "" : header->rp_call_id, params);
}

std::string EventOfRefer(tagi_t* tags) {
  const sip_event_t* event = EventIn(tags);
  const std::string id = IdOf(event);
  return absl::StrCat(event == nullptr ? "refer" : event->o_type, id.empty() ? "" : ";id=", id);
}

std::string IdOfRefer(tagi_t* tags) { return IdOf(EventIn(tags)); }

std::string IdOfNotify(const sip_t* sip) { return IdOf(sip->sip_event); }

bool IsLastNotify(const sip_t* sip) {
  const sip_subscription_state_t* state = sip == nullptr ? nullptr : sip->sip_subscription_state;
  return state != nullptr && absl::EqualsIgnoreCase(state->ss_substate, "terminated");
}

int ProgressOf(const sip_t* sip) {
  const int status = StatusOfFragment(PayloadOf(sip));
  return IsLastNotify(sip) && status < 200 ? 480 : status;  // nothing more will be told
}

absl::StatusOr<ReferTo> ReferToOf(const sip_t* sip) {
  const sip_refer_to_t* to = sip == nullptr ? nullptr : sip->sip_refer_to;
  if (to == nullptr || (to->r_url->url_type != url_sip && to->r_url->url_type != url_sips)) {
    return absl::InvalidArgumentError("Refer-To names no phone");
  }
  const auto text = [](const char* part) { return part == nullptr ? "" : part; };
  const url_t& url = *to->r_url;
  return ReadReferTo(text(url.url_user), text(url.url_host), text(url.url_port),
                     text(url.url_headers));
}

std::optional<char> KeyOf(const sip_t* sip) {
  if (sip == nullptr || sip->sip_content_type == nullptr) return std::nullopt;
  return KeyOfInfo(sip->sip_content_type->c_type, PayloadOf(sip));
}

std::string CallerOf(const sip_t* sip, bool trusted) {
  const sip_p_asserted_identity_t* asserted = trusted ? sip_p_asserted_identity(sip) : nullptr;
  const url_t* url = asserted != nullptr        ? asserted->paid_url
                     : sip->sip_from != nullptr ? sip->sip_from->a_url
                                                : nullptr;
  if (url == nullptr || url->url_user == nullptr) return "";
  std::string user = url->url_user;
  user.resize(std::min(user.find(';'), user.size()));
  return user == "anonymous" ? "" : user;
}

}  // namespace ctc::providers::sip::native
