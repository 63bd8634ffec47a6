#include "libs/crypto/certificate.h"

#include <openssl/ui.h>

#include <catch2/catch.hpp>

#include <memory>

#include "libs/testing/status_matchers.h"

namespace ctc::crypto {
namespace {

TEST_CASE("a certificate that was made up has its own key") {
  const auto first = MakeSelfSigned("click-to-call");
  const auto second = MakeSelfSigned("click-to-call");
  REQUIRE_THAT(first.status(), testing::IsOk());
  REQUIRE_THAT(second.status(), testing::IsOk());
  CHECK(*first != *second);
  CHECK(IsCertificate(*first));
  CHECK(KeyFits(*first, base::Secret(*first)));
  CHECK_FALSE(KeyFits(*first, base::Secret(*second)));
}

TEST_CASE("what is no certificate or no key fits nothing") {
  const auto made = MakeSelfSigned("click-to-call");
  REQUIRE_THAT(made.status(), testing::IsOk());
  for (const char* text :
       {"", "none", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"}) {
    INFO(text);
    CHECK_FALSE(IsCertificate(text));
    CHECK_FALSE(KeyFits(text, base::Secret(*made)));
    CHECK_FALSE(KeyFits(*made, base::Secret(text)));
  }
}

TEST_CASE("nobody is asked for the passphrase of an encrypted certificate") {
  static bool asked = false;
  const std::unique_ptr<UI_METHOD, void (*)(UI_METHOD*)> terminal(UI_create_method("terminal"),
                                                                  UI_destroy_method);
  UI_method_set_reader(terminal.get(), [](UI*, UI_STRING*) {
    asked = true;
    return 0;
  });
  const UI_METHOD* before = UI_get_default_method();
  UI_set_default_method(terminal.get());
  const char* encrypted =
      "-----BEGIN CERTIFICATE-----\n"
      "Proc-Type: 4,ENCRYPTED\n"
      "DEK-Info: AES-256-CBC,000102030405060708090A0B0C0D0E0F\n\n"
      "AAECAwQFBgcICQoLDA0ODw==\n"
      "-----END CERTIFICATE-----\n";
  CHECK_FALSE(IsCertificate(encrypted));
  CHECK_FALSE(KeyFits(encrypted, base::Secret(encrypted)));
  UI_set_default_method(before);
  CHECK_FALSE(asked);
}

}  // namespace
}  // namespace ctc::crypto
