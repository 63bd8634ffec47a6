#include "libs/providers/sip/native/digest.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <map>

#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/crypto/crypto.h"

namespace ctc::providers::sip::native {
namespace {

struct Algorithm {
  std::string_view name;
  DigestHash hash;
  bool session;
};
constexpr Algorithm kAlgorithms[] = {{"MD5", DigestHash::kMd5, false},
                                     {"MD5-sess", DigestHash::kMd5, true},
                                     {"SHA-256", DigestHash::kSha256, false},
                                     {"SHA-256-sess", DigestHash::kSha256, true},
                                     {"SHA-512-256", DigestHash::kSha512256, false},
                                     {"SHA-512-256-sess", DigestHash::kSha512256, true}};

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

std::string Unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string out;
  for (size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

std::string Quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

using Params = std::map<std::string, std::string>;  // names in small letters

Params ReadParams(const std::vector<std::string_view>& params) {
  Params out;
  for (const std::string_view param : params) {
    const size_t equals = param.find('=');
    if (equals == std::string_view::npos) continue;
    std::string name = absl::AsciiStrToLower(Absl(param.substr(0, equals)));
    out.emplace(std::move(name), Unquoted(param.substr(equals + 1)));
  }
  return out;
}

std::string Get(const Params& params, const char* name) {
  const auto found = params.find(name);
  return found == params.end() ? "" : found->second;
}

std::string Hash(DigestHash hash, std::string_view data) {
  switch (hash) {
    case DigestHash::kMd5:
      return crypto::ToHex(crypto::Md5(data));
    case DigestHash::kSha256:
      return crypto::ToHex(crypto::Sha256(data));
    case DigestHash::kSha512256:
      return crypto::ToHex(crypto::Sha512Truncated256(data));
  }
  return "";
}

std::string Response(const DigestTerms& terms, const DigestSubject& subject,
                     std::string_view cnonce, std::string_view count) {
  const auto h = [&terms](const std::string& text) { return Hash(terms.hash, text); };
  const auto join = [](std::initializer_list<std::string_view> parts) {
    std::string out;
    for (const std::string_view part : parts) out.append(out.empty() ? "" : ":").append(part);
    return out;
  };
  std::string a1 = h(join({subject.user.Reveal(), terms.realm, subject.password.Reveal()}));
  if (terms.session) a1 = h(join({a1, terms.nonce, cnonce}));
  std::string a2 = join({subject.method, subject.uri});
  if (terms.qop == "auth-int") a2 = join({a2, h(subject.body)});
  if (terms.qop.empty()) return h(join({a1, terms.nonce, h(a2)}));
  return h(join({a1, terms.nonce, count, cnonce, terms.qop, h(a2)}));
}

absl::Status ReadAlgorithm(const std::string& name, DigestTerms& terms) {
  terms.algorithm = name;
  if (name.empty()) return absl::OkStatus();
  for (const Algorithm& known : kAlgorithms) {
    if (!absl::EqualsIgnoreCase(Absl(known.name), name)) continue;
    terms.hash = known.hash;
    terms.session = known.session;
    return absl::OkStatus();
  }
  return absl::UnimplementedError("no algorithm of ours");
}

absl::StatusOr<DigestTerms> ReadTerms(const Params& params) {
  DigestTerms terms;
  terms.realm = Get(params, "realm");
  terms.nonce = Get(params, "nonce");
  terms.opaque = Get(params, "opaque");
  terms.stale = absl::EqualsIgnoreCase(Get(params, "stale"), "true");
  if (!params.contains("realm") || terms.nonce.empty()) {
    return absl::InvalidArgumentError("a digest needs realm and nonce");
  }
  CTC_RETURN_IF_ERROR(ReadAlgorithm(Get(params, "algorithm"), terms));
  return terms;
}

}  // namespace

absl::StatusOr<DigestTerms> ReadChallenge(const std::vector<std::string_view>& params) {
  const Params read = ReadParams(params);
  CTC_ASSIGN_OR_RETURN(DigestTerms terms, ReadTerms(read));
  if (!read.contains("qop")) return terms;
  for (absl::string_view token : absl::StrSplit(Get(read, "qop"), ',')) {
    token = absl::StripAsciiWhitespace(token);
    if (absl::EqualsIgnoreCase(token, "auth")) terms.qop = "auth";
    if (absl::EqualsIgnoreCase(token, "auth-int") && terms.qop.empty()) terms.qop = "auth-int";
  }
  if (terms.qop.empty()) return absl::UnimplementedError("no protection of ours");
  return terms;
}

std::string AnswerChallenge(const DigestTerms& terms, const DigestSubject& subject,
                            std::string_view cnonce, uint32_t count) {
  const std::string nc = absl::StrFormat("%08x", count);
  std::string out = absl::StrCat("Digest username=", Quoted(subject.user.Reveal()),
                                 ", realm=", Quoted(terms.realm), ", nonce=", Quoted(terms.nonce),
                                 ", uri=", Quoted(subject.uri), ", response=\"",
                                 Response(terms, subject, cnonce, nc), "\"");
  if (!terms.algorithm.empty()) absl::StrAppend(&out, ", algorithm=", terms.algorithm);
  if (!terms.qop.empty()) {
    absl::StrAppend(&out, ", cnonce=", Quoted(cnonce), ", qop=", terms.qop, ", nc=", nc);
  } else if (terms.session) {
    absl::StrAppend(&out, ", cnonce=", Quoted(cnonce));
  }
  if (!terms.opaque.empty()) absl::StrAppend(&out, ", opaque=", Quoted(terms.opaque));
  return out;
}

std::string ResponseIn(const std::vector<std::string_view>& params) {
  return Get(ReadParams(params), "response");
}

std::string Challenger::Nonce(std::string_view dialog, int64_t seconds) const {
  const std::string stamp = absl::StrCat(seconds);
  const std::string proof =
      crypto::HmacSha256(key_.Reveal(), absl::StrCat(stamp, ".", Absl(dialog)));
  return absl::StrCat(stamp, ".", crypto::ToHex(proof));
}

base::Secret NewNonceKey() {
  std::string key(32, '\0');
  base::SystemRandom().Fill({reinterpret_cast<unsigned char*>(key.data()), key.size()});
  return base::Secret(std::move(key));
}

std::vector<std::string> Challenger::Challenges(std::string_view dialog, absl::Time now,
                                                bool stale) const {
  const std::string nonce = Nonce(dialog, absl::ToUnixSeconds(now));
  std::vector<std::string> out;
  for (const char* algorithm : {"SHA-256", "MD5"}) {
    out.push_back(absl::StrCat("Digest realm=", Quoted(realm_), ", nonce=\"", nonce,
                               "\", algorithm=", algorithm, ", qop=\"auth\"",
                               stale ? ", stale=true" : ""));
  }
  return out;
}

Challenger::Verdict Challenger::Judge(const std::vector<std::string_view>& params,
                                      const DigestSubject& subject, std::string_view dialog,
                                      absl::Time now) const {
  const Params read = ReadParams(params);
  absl::StatusOr<DigestTerms> terms = ReadTerms(read);
  if (!terms.ok() || terms->realm != realm_ || subject.user.empty()) return Verdict::kWrong;
  terms->qop = Get(read, "qop");
  const bool named = crypto::ConstantTimeEqual(Get(read, "username"), subject.user.Reveal());
  if (!named || terms->qop != "auth") return Verdict::kWrong;
  DigestSubject asked = subject;
  asked.uri = Get(read, "uri");  // a proxy before us may have changed the request's own
  const std::string expected = Response(*terms, asked, Get(read, "cnonce"), Get(read, "nc"));
  if (!crypto::ConstantTimeEqual(Get(read, "response"), expected)) return Verdict::kWrong;
  int64_t seconds = 0;
  const std::string stamp = terms->nonce.substr(0, terms->nonce.find('.'));
  const bool ours = absl::SimpleAtoi(stamp, &seconds) &&
                    crypto::ConstantTimeEqual(terms->nonce, Nonce(dialog, seconds));
  const absl::Duration age = now - absl::FromUnixSeconds(seconds);
  return ours && age < kNonceLife && age > -kNonceLife ? Verdict::kGood : Verdict::kStale;
}

}  // namespace ctc::providers::sip::native
