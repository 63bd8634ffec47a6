// An account, signed requests and keys for tests. The key pair was made for them and opens nothing.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "libs/crypto/crypto.h"
#include "libs/providers/adapter.h"
#include "libs/providers/vonage/signature.h"

namespace ctc::providers::vonage {

inline constexpr char kSecret[] = "vonage-signature-secret-32bytes!";
inline constexpr char kApplication[] = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab";
inline constexpr char kSession[] = "01930000-0000-7000-8000-000000000001";
inline constexpr char kProvider[] = "019a0000-0000-7000-8000-000000000002";
inline constexpr char kUuid[] = "63f61863-4a51-4f6b-86e1-46edebcf9356";
// The time of the vectors, 2026-01-01T12:00:00Z.
inline const absl::Time kSignedAt = absl::FromUnixSeconds(1767268800);

inline constexpr char kPrivateKey[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDGjgl3oN1UGxEX\n"
    "xC88O4QLyg7rWyKkL/imkk7gCjJuZHxk3h1R3IqxuBoHFoxgFNAOVX/3axgfY0c/\n"
    "EaSZuFEWt3nqoFg7dmVOVo7hcmmgc22IKtyXMhdZgHvsbNaXjGhTfgoPovjete+P\n"
    "OHhH6qQr4h2tripL2rE0U10QeRnMj4SURHBAfk2431ox0GWbX1d8l261AlX4pJTs\n"
    "6qzxEBOoSMWU6nwJq8ErNR4NK7Io1Ube0uS2XTUK2Oo7Wwj0Sk3MUV6su7I1UZgf\n"
    "5WQ0gPTXkawIJLHl+OA5e7dlEZX/zV4UvwDPIbFpFft21pMTFtkTggv9rYErNPDz\n"
    "2DSlaByRAgMBAAECggEADGY+V8bR9jiifqDKb7Eqc9oFyH4ufEu1SXcFj0l+ZhUc\n"
    "Yj2EszdZ6fNHR34Jp3kP7R/lwpELi++VOW5j9b2O7XjpF3/f7VwIGOD1l0VKggdI\n"
    "pczswvxmfOO12XPf4CLtOO7muJyYJ2r72i56mch2Fs94xFSGC6qij6lNEdmeL39Y\n"
    "FTYfZqwHswIL8PbWdZGgUDxbQIiRliE94vyvGJqJ4vnTw2/QapOu0xM+hrn+u4RL\n"
    "xY6Bpre8zQkm+UASvWnlbDhmZzY9pwfiDopZ2heArGbCjlfZYunhrtF3+q7KzPkL\n"
    "BlYNtGW717LfxgU94K7nul+wCM4s7lsdHTOvgZPa4QKBgQDoAZBSjlFxji2MC6Al\n"
    "xqrlygvqQh6enHZrXjHyxeQ0zkLeItNmpSuN0CZc+YsyuuUVmfHrqgA5M7Thbt/R\n"
    "cZixaWhF8RxgyblVnudQ65XyHZJtU7iPVYIRl+/ACR95sTyuWI0DG7tz5nrpqXrt\n"
    "k500bAf7BVzHPbmHoaK2nQpt9QKBgQDbFtcF1dK4yAv8alH6v865Dkk+1iXt5wiB\n"
    "crRtRozAhiOsfD/1l56YmVqh7Zrm608wcbszL44YcLodP6J1LRWZKwr1z+PnNnSf\n"
    "AtKZSGqRDoSV1OxsSPOfFxyza15QcoVYE92rew4nUbrA2Nh2duCo3o7kHGo4yhNR\n"
    "ctoqWA3WrQKBgQDDG52Nb9YaEyFGpvg1DI/n0zSV+qjZZmdH/90tdzJlHhipysvR\n"
    "hJHOHwBELC/dp8LDmcUTFNI/SLaS5rUe49MvT5+7QftFgh90W7/YE2b0R94+Rqvt\n"
    "DlHmDco3yvRHWL/ZNurPdGD+JRO0sSyJ4xvPXBKSDX5qqAQAhfPactK0iQKBgFZS\n"
    "k3orG5HO0FouEgr4VB058cYeXmd0JjfK2ChOKdsZfyjQ8+pySPzbP4iZs/TUNili\n"
    "Rl4OmLAsikhH8Fy23NGy0ei0dpl9LUoRtKTMkaCB1d+rO1QXElZWpupSnaCY3s0r\n"
    "VqXgIF2BqFGfnvpeMHqY5jgesgOaKy5mUGtqslkpAoGBAIBYVxnE/G/CFLmxcluV\n"
    "veixkTv4XYdZoX850fe1b9tlG7ccBEHJTmXfgifnbhALs/BLDYy3Djrn5M+l6rLt\n"
    "KnPfxS+/GnmnD+kwXy76mVxhmInsEhfX5Gpy5s3IrgGAIHM1GpaviE9g9BYnE9lM\n"
    "IJqilpxKZLwzHNHVhQPyMkWx\n"
    "-----END PRIVATE KEY-----\n";
inline constexpr char kPublicKey[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxo4Jd6DdVBsRF8QvPDuE\n"
    "C8oO61sipC/4ppJO4AoybmR8ZN4dUdyKsbgaBxaMYBTQDlV/92sYH2NHPxGkmbhR\n"
    "Frd56qBYO3ZlTlaO4XJpoHNtiCrclzIXWYB77GzWl4xoU34KD6L43rXvjzh4R+qk\n"
    "K+Idra4qS9qxNFNdEHkZzI+ElERwQH5NuN9aMdBlm19XfJdutQJV+KSU7Oqs8RAT\n"
    "qEjFlOp8CavBKzUeDSuyKNVG3tLktl01CtjqO1sI9EpNzFFerLuyNVGYH+VkNID0\n"
    "15GsCCSx5fjgOXu3ZRGV/81eFL8AzyGxaRX7dtaTExbZE4IL/a2BKzTw89g0pWgc\n"
    "kQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

inline Account AnAccount() {
  Account account;
  account.tenant = base::TenantId("t 1");
  account.config.set_id(kProvider);
  account.config.set_provider_type(common::v1::ProviderType::VONAGE);
  account.config.set_api_url("https://api.nexmo.com/");
  account.config.set_application_id(kApplication);
  account.config.set_timeout_seconds(9);
  account.private_key = base::Secret(kPrivateKey);
  account.webhook_secret = base::Secret(kSecret);
  account.public_url = "https://crm.example.com";
  return account;
}

inline void AddHeader(common::v1::HttpRequest& request, std::string name, std::string value) {
  auto& header = *request.add_headers();
  header.set_name(std::move(name));
  header.set_value(std::move(value));
}

inline std::string Jwt(std::string_view secret, std::string_view header, std::string_view claims) {
  const std::string text = crypto::ToBase64Url(header) + "." + crypto::ToBase64Url(claims);
  return text + "." + crypto::ToBase64Url(crypto::HmacSha256(secret, text));
}

// Claims that fit `request`, which has none yet.
inline nlohmann::ordered_json ClaimsOf(const common::v1::HttpRequest& request,
                                       absl::Time at = kSignedAt) {
  nlohmann::ordered_json claims;
  claims["iat"] = absl::ToUnixSeconds(at);
  claims["jti"] = "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5";
  claims["iss"] = "Vonage";
  claims["payload_hash"] = crypto::ToHex(crypto::Sha256(HashedText(request)));
  claims["api_key"] = "a1b2c3d4";
  claims["application_id"] = kApplication;
  return claims;
}

inline common::v1::HttpRequest Signed(common::v1::HttpRequest request, absl::Time at = kSignedAt) {
  AddHeader(
      request, "authorization",
      "Bearer " + Jwt(kSecret, R"({"alg":"HS256","typ":"JWT"})",
                      ClaimsOf(request, at)
                          .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)));
  return request;
}

// A signed POST to our webhook, or to our flow with `path` "/flow".
inline common::v1::HttpRequest APost(std::string_view query, std::string body,
                                     std::string_view path = "") {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query("tenant=t%201" + std::string(query));
  request.set_url("https://crm.example.com/api/v1/webhooks/voip/vonage" + std::string(path) + "?" +
                  request.query());
  request.set_body(std::move(body));
  return Signed(std::move(request));
}

inline common::v1::HttpRequest AGet(std::string_view query, std::string_view path = "/flow") {
  common::v1::HttpRequest request;
  request.set_method("GET");
  request.set_query("tenant=t%201" + std::string(query));
  request.set_url("https://crm.example.com/api/v1/webhooks/voip/vonage" + std::string(path) + "?" +
                  request.query());
  return Signed(std::move(request));
}

inline std::string OfSession(std::string_view rest) {
  return "&session=" + std::string(kSession) + std::string(rest);
}

}  // namespace ctc::providers::vonage
