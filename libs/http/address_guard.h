// Which addresses we may connect to on behalf of a tenant, who chooses the host (SSRF): public
// ones, and the networks that the operator allows. Immutable; thread-safe.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <string_view>
#include <vector>

#include "libs/base/asio.h"
#include "libs/base/status.h"

struct sockaddr;

namespace ctc::http {

// What is said of a host that is not allowed.
inline constexpr char kForbiddenAddress[] =
    "the host's address is not allowed: it is not public, nor of a network that the operator named";

class AddressGuard {
 public:
  // For hosts that the operator chose.
  static AddressGuard Everywhere() { return AddressGuard(true); }
  // Public addresses and `networks`, as "127.0.0.0/8, 10.1.2.3, fd00::/8". INVALID_ARGUMENT names
  // what is no network.
  static absl::StatusOr<AddressGuard> PublicAnd(std::string_view networks);

  bool everywhere() const { return everywhere_; }
  bool Allows(const asio::ip::address& address) const;
  // False for what is neither IPv4 nor IPv6.
  bool Allows(const sockaddr& address) const;
  // False when the host of this URL is itself an address that is not allowed, in any spelling that
  // resolvers take, or "localhost". Other names are judged by what they resolve to.
  bool AllowsHostOf(std::string_view url) const;

 private:
  explicit AddressGuard(bool everywhere) : everywhere_(everywhere) {}
  bool AllowsV4(const asio::ip::address_v4& address) const;

  bool everywhere_;
  std::vector<asio::ip::network_v4> v4_;
  std::vector<asio::ip::network_v6> v6_;
};

}  // namespace ctc::http
