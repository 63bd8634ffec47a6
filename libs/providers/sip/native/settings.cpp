#include "libs/providers/sip/native/settings.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <arpa/inet.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <set>

#include "libs/base/error.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/status.h"
#include "libs/crypto/certificate.h"
#include "libs/providers/sip/native/media_settings.h"

namespace ctc::providers::sip::native {
namespace {

constexpr int kDefaultRingSeconds = 45;

std::string TextSetting(const google::protobuf::Struct& from, const char* name,
                        const char* fallback) {
  const auto found = from.fields().find(name);
  return found == from.fields().end() ? fallback : found->second.string_value();
}

bool IsMadeOf(std::string_view text, std::string_view more, bool (*usual)(unsigned char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return usual(static_cast<unsigned char>(c)) || more.find(c) != std::string_view::npos;
  });
}

// "host" of "host:5060", "[2001:db8::1]" of "[2001:db8::1]:5060".
std::string_view WithoutPort(std::string_view host) {
  const bool v6 = host.starts_with('[');
  return host.substr(0, v6 ? host.find(']') + 1 : host.find(':'));
}

bool IsPort(std::string_view text) {
  return text.starts_with(':') && text.size() <= 6 &&
         IsMadeOf(text.substr(1), "", absl::ascii_isdigit);
}

// A name or an address, with a port or none.
bool IsHostPart(std::string_view text) {
  if (text.size() > 255) return false;
  const std::string_view host = WithoutPort(text);
  const std::string_view port = text.substr(host.size());
  if (!port.empty() && !IsPort(port)) return false;
  if (!host.starts_with('[')) return IsMadeOf(host, ".-_", absl::ascii_isalnum);
  return IsMadeOf(host.substr(1, host.size() - 2), ":.", absl::ascii_isxdigit);
}

// "sip:address:port", either of which may be "*". A name would be looked up, by whoever binds it.
bool IsBind(std::string_view text) {
  constexpr std::string_view kScheme = "sip:";
  if (!text.starts_with(kScheme)) return false;
  text.remove_prefix(kScheme.size());
  const std::string_view host = WithoutPort(text);
  const std::string_view port = text.substr(host.size());
  if (port != ":*" && !IsPort(port)) return false;
  if (host == "*") return true;
  unsigned char bytes[16];
  const bool v6 = host.starts_with('[');
  const std::string address(v6 ? host.substr(1, host.size() - 2) : host);
  return inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes) == 1;
}

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

// "sip:host:port" with a transport at most, or "sips:host:port".
bool ReadTarget(const std::string& url, SipTarget& target) {
  const size_t colon = url.find(':');
  if (colon == std::string::npos) return false;
  const size_t semicolon = std::min(url.find(';'), url.size());
  SipTarget read{url.substr(0, colon), "", url.substr(semicolon)};
  if (semicolon > colon) read.host = url.substr(colon + 1, semicolon - colon - 1);
  static const std::set<std::string> kTransports = {"", ";transport=udp", ";transport=tcp",
                                                    ";transport=tls"};
  const bool secure = read.scheme == "sips" && read.transport.empty();
  const bool plain = read.scheme == "sip" && kTransports.contains(read.transport);
  if (!IsHostPart(read.host) || (!secure && !plain)) return false;
  target = std::move(read);
  return true;
}

bool IsUser(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("+*#._-").find(c) != std::string_view::npos;
  });
}

// "#" is no character of a SIP user part as it stands.
std::string EscapeUser(std::string_view user) {
  std::string out;
  for (const char c : user) out += c == '#' ? std::string("%23") : std::string(1, c);
  return out;
}

// A tenant may not send us to our own machine and network (SSRF). Names are not judged.
void CheckHosts(const NativeSettings& settings, base::ErrorDetail& detail) {
  const std::string own = settings.own_host();
  const std::pair<const char*, std::string> hosts[] = {
      {"api_url", settings.trunk.host},
      {"settings.agent_proxy", settings.agents.host},
      {"settings.bind", own == "*" || own == "0.0.0.0" || own == "[::]" ? "" : own}};
  for (const auto& [name, host] : hosts) {
    const bool inherited = &host != &hosts[0].second && host == settings.trunk.host;
    if (host.empty() || inherited || settings.guard.AllowsHostOf(host)) continue;
    detail.fields.push_back({name,
                             "must be a public address, or of a network of the operator's setting "
                             "dispatch.allowed_networks"});
  }
}

void ReadTls(const Account& account, NativeSettings& settings, base::ErrorDetail& detail) {
  const auto found = account.config.settings().fields().find("tls");
  if (found == account.config.settings().fields().end()) return;
  const google::protobuf::Struct& tls = found->second.struct_value();
  for (const auto& [name, value] : tls.fields()) {
    if (name == "ca" || name == "certificate") continue;
    detail.fields.push_back({"settings.tls." + name, "is not known in native mode"});
  }
  settings.tls_ca = TextSetting(tls, "ca", "");
  settings.tls_certificate = TextSetting(tls, "certificate", "");
  if (!settings.tls_ca.empty() && !crypto::IsCertificate(settings.tls_ca)) {
    detail.fields.push_back({"settings.tls.ca", "must be certificates in PEM"});
  }
  if (settings.tls_certificate.empty()) return;
  if (!crypto::IsCertificate(settings.tls_certificate)) {
    detail.fields.push_back({"settings.tls.certificate", "must be a certificate in PEM"});
  } else if (!crypto::KeyFits(settings.tls_certificate, account.private_key)) {
    detail.fields.push_back({"private_key", "must be the key of settings.tls.certificate, in PEM"});
  }
}

void ReadCallers(const Account& account, NativeSettings& settings, base::ErrorDetail& detail) {
  const auto found = account.config.settings().fields().find("inbound_from");
  if (found == account.config.settings().fields().end()) return;
  settings.callers.emplace();
  if (!found->second.has_list_value()) {
    detail.fields.push_back({"settings.inbound_from", "must be a list of addresses"});
  }
  for (const auto& value : found->second.list_value().values()) {
    absl::StatusOr<AddressRange> range = ReadAddressRange(value.string_value());
    if (range.ok()) {
      settings.callers->trusted.push_back(*std::move(range));
    } else {
      detail.fields.push_back({"settings.inbound_from", "must hold addresses as 10.0.0.0/8"});
    }
  }
  const bool password = !account.api_key.empty() && !account.api_secret.empty();
  if (settings.callers->trusted.empty() && !password) {
    detail.fields.push_back({"settings.inbound_from",
                             "must hold the trunk's addresses without api_key and api_secret"});
  }
}

void ReadRingTimeout(const google::protobuf::Struct& from, NativeSettings& settings,
                     base::ErrorDetail& detail) {
  const auto found = from.fields().find("ring_timeout_seconds");
  const bool given = found != from.fields().end();
  const double seconds = given ? found->second.number_value() : kDefaultRingSeconds;
  if (seconds >= 5 && seconds <= 600) {
    settings.ring_timeout = absl::Seconds(static_cast<int64_t>(seconds));
  } else {
    detail.fields.push_back({"settings.ring_timeout_seconds", "must be a number from 5 to 600"});
  }
}

}  // namespace

std::string SipTarget::Uri(std::string_view user) const {
  const absl::string_view name(user.data(), user.size());
  return absl::StrCat(scheme, ":", name, name.empty() ? "" : "@", host, transport);
}

std::string NativeSettings::own_host() const {
  return std::string(WithoutPort(std::string_view(bind).substr(bind.find(':') + 1)));
}

std::string NativeSettings::own_address() const {
  const std::string host = own_host();
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

bool NativeSettings::has_fixed_port() const { return !bind.ends_with(":*"); }

std::string NativeSettings::media_host() const {
  const std::string host = own_address();
  if (host != "*" && host != "0.0.0.0") return host;
  return media_address.find(':') == std::string::npos ? "0.0.0.0" : "::";
}

bool IsNative(const dispatch::v1::Provider& config) {
  return TextSetting(config.settings(), "mode", "") == "native";
}

bool IsAnchored(const dispatch::v1::Provider& config) {
  return IsNative(config) && TextSetting(config.settings(), "media", "") == "anchored";
}

bool IsReferring(const dispatch::v1::Provider& config) {
  return IsNative(config) && TextSetting(config.settings(), "transfer", "") == "refer";
}

absl::StatusOr<NativeSettings> ReadNativeSettings(const Account& account,
                                                  const http::AddressGuard& guard) {
  const google::protobuf::Struct& from = account.config.settings();
  NativeSettings settings;
  settings.guard = guard;
  base::ErrorDetail detail;
  if (!ReadTarget(account.config.api_url(), settings.trunk)) {
    detail.fields.push_back({"api_url",
                             "must be sip:host or sip:host:port, with ;transport=udp, tcp or tls, "
                             "or sips:host:port"});
  }
  const std::string agents = TextSetting(from, "agent_proxy", "");
  settings.agents = settings.trunk;
  if (!agents.empty() && !ReadTarget(agents, settings.agents)) {
    detail.fields.push_back({"settings.agent_proxy", "must be of the form of api_url"});
  }
  settings.bind = TextSetting(from, "bind", "sip:*:*");
  if (!IsBind(settings.bind)) {
    detail.fields.push_back(
        {"settings.bind", "must be sip:address:port, of IPv6 sip:[address]:port; * is any"});
  }
  CheckHosts(settings, detail);
  ReadRingTimeout(from, settings, detail);
  settings.refers = IsReferring(account.config);
  const auto transfer = from.fields().find("transfer");
  const bool bridges =
      transfer == from.fields().end() || transfer->second.string_value() == "bridge";
  if (!settings.refers && !bridges) {
    detail.fields.push_back({"settings.transfer", "must be bridge or refer"});
  }
  ReadTls(account, settings, detail);
  ReadCallers(account, settings, detail);
  ReadMediaSettings(from, settings, detail);
  static const std::set<std::string> kKnown = {"mode",         "bind",
                                               "agent_proxy",  "tls",
                                               "inbound_from", "ring_timeout_seconds",
                                               "media",        "media_address",
                                               "media_ports",  "media_timeout_seconds",
                                               "say",          "transfer"};
  for (const auto& [name, value] : from.fields()) {
    if (kKnown.contains(name)) continue;
    detail.fields.push_back({"settings." + name, "is not known in native mode"});
  }
  if (detail.fields.empty()) return settings;
  const std::string message = detail.fields.front().field + " " + detail.fields.front().detail;
  return base::MakeError(base::kValidationFailed, message, std::move(detail));
}

bool IsSameLine(const Account& one, const Account& other) {
  const dispatch::v1::Provider& a = one.config;
  const dispatch::v1::Provider& b = other.config;
  return a.api_url() == b.api_url() && a.phone_number() == b.phone_number() &&
         a.dial_plan_prefix() == b.dial_plan_prefix() &&
         google::protobuf::util::MessageDifferencer::Equals(a.settings(), b.settings()) &&
         one.api_key.Reveal() == other.api_key.Reveal() &&
         one.api_secret.Reveal() == other.api_secret.Reveal() &&
         one.private_key.Reveal() == other.private_key.Reveal();
}

absl::StatusOr<std::string> PhoneUri(const NativeSettings& settings, std::string_view prefix,
                                     std::string_view phone) {
  const size_t at = phone.find('@');
  const std::string_view name = phone.substr(0, at);
  const std::string_view host = at == std::string_view::npos ? "" : phone.substr(at + 1);
  if (!IsUser(name) || (at != std::string_view::npos && !IsHostPart(host))) {
    return absl::InvalidArgumentError("is no number and no phone");
  }
  if (host.empty() && name.front() == '+') {
    return settings.trunk.Uri(std::string(prefix) + EscapeUser(name));
  }
  if (!host.empty() && !settings.guard.AllowsHostOf(host)) {
    return absl::PermissionDeniedError("is at an address that is not allowed");
  }
  SipTarget target = settings.agents;
  if (!host.empty()) target.host = host;
  return target.Uri(EscapeUser(name));
}

std::string HomeOf(const NativeSettings& settings, std::string_view uri) {
  const size_t host = uri.find('@') == std::string_view::npos ? uri.find(':') : uri.find('@');
  const std::string_view named = WithoutPort(uri.substr(0, uri.find(';')).substr(host + 1));
  for (const SipTarget* own : {&settings.trunk, &settings.agents}) {
    if (absl::EqualsIgnoreCase(Absl(named), Absl(WithoutPort(own->host)))) {
      return std::string(named);
    }
  }
  return "";
}

absl::StatusOr<NamedPhone> PhoneOf(const NativeSettings& settings, std::string_view prefix,
                                   std::string_view user, std::string_view host) {
  const std::string_view name = WithoutPort(host);
  const std::string ours = settings.own_host();
  const bool known = name == ours || name == WithoutPort(settings.trunk.host) ||
                     name == WithoutPort(settings.agents.host);
  NamedPhone out;
  out.phone = user;
  if (!known) out.phone.append("@").append(name);
  // The port is the phone's own: the session service need not know it.
  const std::string called = known ? out.phone : absl::StrCat(Absl(user), "@", Absl(host));
  CTC_ASSIGN_OR_RETURN(out.uri, PhoneUri(settings, prefix, called));
  return out;
}

bool IsOwnNumber(const dispatch::v1::Provider& config, std::string_view user) {
  const auto digits = [](std::string_view number) {
    if (number.starts_with('+')) number.remove_prefix(1);
    return number;
  };
  return !user.empty() && digits(user) == digits(config.phone_number());
}

std::string UserPart(std::string_view shown) {
  return IsUser(shown) ? EscapeUser(shown) : "anonymous";
}

}  // namespace ctc::providers::sip::native
