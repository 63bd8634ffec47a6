#include "libs/http/address_guard.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

namespace ctc::http {
namespace {

namespace ip = asio::ip;

// What is no public host, after the registries of special-purpose addresses (RFC 6890).
const std::vector<ip::network_v4>& SpecialV4() {
  static const std::vector<ip::network_v4> networks = [] {
    std::vector<ip::network_v4> made;
    for (const char* text :
         {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
          "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
          "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"}) {
      made.push_back(ip::make_network_v4(text));
    }
    return made;
  }();
  return networks;
}

// Only global unicast is public, and of it not these.
const std::vector<ip::network_v6>& SpecialV6() {
  static const std::vector<ip::network_v6> networks = [] {
    std::vector<ip::network_v6> made;
    for (const char* text : {"2001::/23", "2001:db8::/32", "3fff::/20"}) {
      made.push_back(ip::make_network_v6(text));
    }
    return made;
  }();
  return networks;
}

bool Holds(const ip::network_v4& network, const ip::address_v4& address) {
  return (address.to_uint() & network.netmask().to_uint()) == network.network().to_uint();
}

bool Holds(const ip::network_v6& network, const ip::address_v6& address) {
  const auto a = network.address().to_bytes();
  const auto b = address.to_bytes();
  int bits = network.prefix_length();
  for (size_t i = 0; i < a.size() && bits > 0; ++i, bits -= 8) {
    const int mask = bits >= 8 ? 0xff : 0xff << (8 - bits) & 0xff;
    if ((a[i] & mask) != (b[i] & mask)) return false;
  }
  return true;
}

template <class Network, class Address>
bool AnyHolds(const std::vector<Network>& networks, const Address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return Holds(network, address); });
}

ip::address_v4 V4At(const ip::address_v6::bytes_type& bytes, size_t at) {
  return ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

// The IPv4 address that an IPv6 one stands for: mapped, NAT64 or 6to4.
std::optional<ip::address_v4> InnerV4(const ip::address_v6& address) {
  static const ip::network_v6 nat64 = ip::make_network_v6("64:ff9b::/96");
  static const ip::network_v6 six_to_four = ip::make_network_v6("2002::/16");
  const auto bytes = address.to_bytes();
  if (address.is_v4_mapped() || Holds(nat64, address)) return V4At(bytes, 12);
  if (Holds(six_to_four, address)) return V4At(bytes, 2);
  return std::nullopt;
}

std::string HostOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  url.remove_prefix(std::min(url.rfind('@') + 1, url.size()));
  if (url.starts_with("[")) return std::string(url.substr(1, url.find(']') - 1));
  std::string host(url.substr(0, url.find(':')));
  while (host.ends_with('.')) host.pop_back();
  return absl::AsciiStrToLower(host);
}

}  // namespace

absl::StatusOr<AddressGuard> AddressGuard::PublicAnd(std::string_view networks) {
  AddressGuard guard(false);
  for (const absl::string_view piece :
       absl::StrSplit(absl::string_view(networks.data(), networks.size()), ',')) {
    std::string text(absl::StripAsciiWhitespace(piece));
    if (text.empty()) continue;
    const bool v6 = text.find(':') != std::string::npos;
    if (text.find('/') == std::string::npos) text += v6 ? "/128" : "/32";
    boost::system::error_code error;
    if (v6) {
      guard.v6_.push_back(ip::make_network_v6(text, error));
    } else {
      guard.v4_.push_back(ip::make_network_v4(text, error));
    }
    if (error) return absl::InvalidArgumentError(absl::StrCat(text, " is no network"));
  }
  return guard;
}

bool AddressGuard::AllowsV4(const ip::address_v4& address) const {
  return AnyHolds(v4_, address) || !AnyHolds(SpecialV4(), address);
}

bool AddressGuard::Allows(const ip::address& address) const {
  if (everywhere_) return true;
  if (address.is_v4()) return AllowsV4(address.to_v4());
  const ip::address_v6 v6 = address.to_v6();
  if (AnyHolds(v6_, v6)) return true;
  if (const auto inner = InnerV4(v6)) return AllowsV4(*inner);
  static const ip::network_v6 global = ip::make_network_v6("2000::/3");
  return Holds(global, v6) && !AnyHolds(SpecialV6(), v6);
}

bool AddressGuard::Allows(const sockaddr& address) const {
  if (everywhere_) return true;
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    return Allows(ip::address_v4(ntohl(v4.sin_addr.s_addr)));
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof(v6));
  ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return Allows(ip::address_v6(bytes));
}

bool AddressGuard::AllowsHostOf(std::string_view url) const {
  const std::string host = HostOf(url);
  if (host == "localhost" || host.ends_with(".localhost")) {
    return Allows(ip::address_v4::loopback()) || Allows(ip::address_v6::loopback());
  }
  // "127.1", "0x7f000001" and "2130706433" too.
  in_addr loose{};
  if (inet_aton(host.c_str(), &loose) != 0) return Allows(ip::address_v4(ntohl(loose.s_addr)));
  boost::system::error_code error;
  const ip::address address = ip::make_address(host, error);
  return error || Allows(address);
}

}  // namespace ctc::http
