// How phones are reached natively: read from the account, every fault named by its field. Pure.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

#include "libs/http/address_guard.h"
#include "libs/providers/adapter.h"
#include "libs/providers/sip/native/caller_rules.h"

namespace ctc::providers::sip::native {

// Where requests go: "sip:" or "sips:", host and port, and ";transport=..." where it was given.
struct SipTarget {
  std::string scheme = "sip";
  std::string host;  // "proxy.example:5061", "[2001:db8::1]:5060"
  std::string transport;

  bool tls() const { return scheme == "sips" || transport == ";transport=tls"; }
  // With `user` before the host, or none.
  std::string Uri(std::string_view user) const;
};

struct NativeSettings {
  SipTarget trunk;               // for numbers
  SipTarget agents;              // for names of phones; the trunk by default
  std::string bind = "sip:*:*";  // "sip:10.0.0.5:5060", "sip:[2001:db8::5]:5060"
  absl::Duration ring_timeout = absl::Seconds(45);
  bool refers = false;  // the customer's phone is asked to call whom it is handed to by itself
  std::string tls_ca;   // PEM; the system's authorities when empty
  std::string tls_certificate;  // ours, PEM; its key is the account's private_key

  bool anchored = false;      // the sound of calls runs through us
  std::string media_address;  // where phones are told to send it
  uint16_t first_media_port = 0;
  uint16_t last_media_port = 0;                         // 0 and 0: any
  absl::Duration media_timeout = absl::ZeroDuration();  // zero: silence ends no call
  std::string say;                                      // template of a URL that speaks a text

  std::optional<CallerRules> callers;                           // absent: nobody may call us
  http::AddressGuard guard = http::AddressGuard::Everywhere();  // of what phones name

  bool tls() const { return trunk.tls() || agents.tls(); }
  std::string own_host() const;     // of `bind`, "[2001:db8::1]" of IPv6; "*" is any
  std::string own_address() const;  // the same without brackets
  std::string media_host() const;   // what RTP is bound to
  bool has_fixed_port() const;      // one at a time may listen there
};

// True when the account's settings choose native SIP.
bool IsNative(const dispatch::v1::Provider& config);
// True when they have the sound run through us as well.
bool IsAnchored(const dispatch::v1::Provider& config);
// True when they have REFER sent for transfers without a word.
bool IsReferring(const dispatch::v1::Provider& config);
// VALIDATION_FAILED names every field at fault, among them addresses that `guard` does not allow.
absl::StatusOr<NativeSettings> ReadNativeSettings(
    const Account& account, const http::AddressGuard& guard = http::AddressGuard::Everywhere());
// True when calls and callers of the two are treated alike. What else an account has, its priority
// for one, may change under a line that is in use.
bool IsSameLine(const Account& one, const Account& other);

// The URI of a number (at the trunk), of a phone's name (at the agents' proxy) or of name@host,
// which is reached as the agents' proxy is. INVALID_ARGUMENT for what is none of them,
// PERMISSION_DENIED for an address that is not allowed.
absl::StatusOr<std::string> PhoneUri(const NativeSettings& settings, std::string_view prefix,
                                     std::string_view phone);

// The host of a phone's URI, without its port, when the account is at home there: it may have the
// proof of the account's password. Empty for another one.
std::string HomeOf(const NativeSettings& settings, std::string_view uri);

// What a phone named in Refer-To: as the session service calls it, and its URI. A host that is none
// of the account's is called itself.
struct NamedPhone {
  std::string phone;  // "+12025550100", "ben" or "ben@10.0.0.7"
  std::string uri;
};
absl::StatusOr<NamedPhone> PhoneOf(const NativeSettings& settings, std::string_view prefix,
                                   std::string_view user, std::string_view host);

// True for the number that a caller may call at the account, with its + or without.
bool IsOwnNumber(const dispatch::v1::Provider& config, std::string_view user);

// The user part of a URI for `shown`, which may be anything.
std::string UserPart(std::string_view shown);

}  // namespace ctc::providers::sip::native
