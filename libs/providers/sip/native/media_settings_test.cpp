#include "libs/providers/sip/native/media_settings.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

namespace ctc::providers::sip::native {
namespace {

using V = std::vector<std::string>;

absl::StatusOr<NativeSettings> Read(const std::string& more) {
  Account account;
  account.config.set_api_url("sip:trunk.example:5060");
  account.config.set_phone_number("+15550199");
  const std::string settings = R"({"mode":"native")" + more + "}";
  REQUIRE(google::protobuf::util::JsonStringToMessage(settings, account.config.mutable_settings())
              .ok());
  return ReadNativeSettings(account);
}
V Faults(const std::string& more) {
  V fields;
  for (const auto& fault : base::DetailOf(Read(more).status()).fields) {
    fields.push_back(fault.field);
  }
  return fields;
}

constexpr const char* kAnchored = R"(,"media":"anchored","bind":"sip:10.1.2.3:5060")";

TEST_CASE("sound goes between the phones unless the account says otherwise", "[sip][settings]") {
  CHECK_FALSE(Read("")->anchored);
  CHECK_FALSE(Read(R"(,"media":"direct")")->anchored);
  const NativeSettings settings = Read(kAnchored).value();
  CHECK(settings.anchored);
  CHECK(settings.media_host() == "10.1.2.3");
  CHECK(settings.media_address == "10.1.2.3");
  CHECK(settings.first_media_port == 0);
  CHECK(settings.media_timeout == absl::ZeroDuration());
}

TEST_CASE("where sound is sent is told apart from where it is taken", "[sip][settings]") {
  const NativeSettings settings =
      Read(std::string(kAnchored) +
           R"(,"media_address":"198.51.100.7","media_ports":"20000-20999",)" +
           R"("media_timeout_seconds":30,"say":"https://tts.example/{text}.wav")")
          .value();
  CHECK(settings.media_host() == "10.1.2.3");
  CHECK(settings.media_address == "198.51.100.7");
  CHECK(settings.first_media_port == 20000);
  CHECK(settings.last_media_port == 20999);
  CHECK(settings.media_timeout == absl::Seconds(30));
  CHECK(Read(R"(,"media":"anchored","media_address":"198.51.100.7")")->media_host() == "0.0.0.0");
  CHECK(Read(R"(,"media":"anchored","media_address":"2001:db8::7")")->media_host() == "::");
}

TEST_CASE("what cannot be is told by its field", "[sip][settings]") {
  CHECK(Read(R"(,"media":"anchored","bind":"sip:[2001:db8::5]:5060")")->media_address ==
        "2001:db8::5");
  CHECK(Faults(R"(,"media":"relayed")") == V{"settings.media"});
  CHECK(Faults(R"(,"media":true)") == V{"settings.media"});
  CHECK(Faults(R"(,"media_ports":"20000-20999")") == V{"settings.media_ports"});
  CHECK(Faults(R"(,"media":"anchored")") == V{"settings.media_address"});
  CHECK(Faults(R"(,"media":"anchored","bind":"sip:host.example:5060")") ==
        V{"settings.bind", "settings.media_address"});
  for (const char* ports : {"", "x", "20000", "20000-", "-20000", "20999-20000", "80-90",
                            "65000-70000", "1-2-3", "20000-20000"}) {
    INFO(ports);
    const V faults = Faults(std::string(kAnchored) + R"(,"media_ports":")" + ports + "\"");
    CHECK(faults == (*ports == '\0' ? V{} : V{"settings.media_ports"}));
  }
  for (const char* more : {R"("media_timeout_seconds":-1)", R"("media_timeout_seconds":3601)"}) {
    CHECK(Faults(std::string(kAnchored) + "," + more) == V{"settings.media_timeout_seconds"});
  }
  CHECK(Faults(std::string(kAnchored) + R"(,"say":"sound:hello")") == V{"settings.say"});
}

}  // namespace
}  // namespace ctc::providers::sip::native
