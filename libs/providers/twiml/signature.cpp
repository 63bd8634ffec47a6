#include "libs/providers/twiml/signature.h"

#include <algorithm>
#include <map>
#include <set>

#include "libs/crypto/crypto.h"
#include "libs/http/message.h"

namespace ctc::providers::twiml {
namespace {

struct UrlParts {
  std::string scheme;  // "https"
  std::string host;
  std::string port;  // empty when none is named
  std::string rest;  // path and query
};

UrlParts Split(std::string_view url) {
  UrlParts parts;
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return parts;
  parts.scheme = std::string(url.substr(0, scheme));
  url.remove_prefix(scheme + 3);
  const size_t path = std::min(url.find_first_of("/?"), url.size());
  std::string_view authority = url.substr(0, path);
  parts.rest = std::string(url.substr(path));
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    parts.port = std::string(authority.substr(colon + 1));
    authority = authority.substr(0, colon);
  }
  parts.host = std::string(authority);
  return parts;
}

std::string HeaderOf(const common::v1::HttpRequest& request, std::string_view name) {
  for (const auto& header : request.headers()) {
    if (header.name() == name) return header.value();
  }
  return "";
}

// The hash in the query must be that of the raw body.
bool BodyHashFits(const common::v1::HttpRequest& request) {
  const auto query = http::ParseForm(request.query());
  if (!query.ok()) return false;
  for (const auto& [name, value] : *query) {
    if (name == "bodySHA256") {
      return crypto::ConstantTimeEqual(value, crypto::ToHex(crypto::Sha256(request.body())));
    }
  }
  return false;
}

bool FitsUrl(const base::Secret& token, std::string_view url, const Form& covered,
             std::string_view signature) {
  const UrlParts parts = Split(BareUrl(url));
  const std::string port =
      parts.port.empty() ? (parts.scheme == "https" ? "443" : "80") : parts.port;
  const std::string without_port = parts.scheme + "://" + parts.host + parts.rest;
  const std::string with_port = parts.scheme + "://" + parts.host + ":" + port + parts.rest;
  // Both are always computed: how long it takes tells nothing.
  const bool plain = crypto::ConstantTimeEqual(Signature(token, without_port, covered), signature);
  const bool ported = crypto::ConstantTimeEqual(Signature(token, with_port, covered), signature);
  return plain || ported;
}

// The webhook's URL below another address of ours; the same when it is none of a webhook.
std::string Below(std::string_view address, const std::string& url) {
  while (address.ends_with('/')) address.remove_suffix(1);
  const size_t path = url.find("/api/v1/webhooks/");
  if (path == std::string::npos) return url;
  return std::string(address) + url.substr(path);
}

}  // namespace

std::string BareUrl(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const size_t start = scheme + 3;
  const size_t path = std::min(url.find_first_of("/?", start), url.size());
  const size_t at = url.substr(start, path - start).rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, start)).append(url.substr(start + at + 1));
}

std::string SignedText(std::string_view url, const Form& parameters) {
  std::map<std::string_view, std::set<std::string_view>> sorted;
  for (const auto& [name, value] : parameters) sorted[name].insert(value);
  std::string text(url);
  for (const auto& [name, values] : sorted) {
    for (const std::string_view value : values) text.append(name).append(value);
  }
  return text;
}

std::string Signature(const base::Secret& token, std::string_view url, const Form& parameters) {
  return crypto::ToBase64(crypto::HmacSha1(token.Reveal(), SignedText(url, parameters)));
}

bool SignatureFits(const base::Secret& token, const common::v1::HttpRequest& request,
                   const Form& parameters, std::string_view signature,
                   std::string_view callback_url) {
  if (token.empty() || signature.empty()) return false;
  const bool form = HeaderOf(request, "content-type").starts_with("application/x-www-form");
  const bool hashed = request.method() == "POST" && !form && !request.body().empty();
  const Form& covered = request.method() == "POST" && !hashed ? parameters : Form();
  const bool came = FitsUrl(token, request.url(), covered, signature);
  const bool given = !callback_url.empty() &&
                     FitsUrl(token, Below(callback_url, request.url()), covered, signature);
  return (came || given) && (!hashed || BodyHashFits(request));
}

}  // namespace ctc::providers::twiml
