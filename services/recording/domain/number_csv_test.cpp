#include "services/recording/domain/number_csv.h"

#include <catch2/catch.hpp>

#include "libs/base/error.h"

using ctc::recording::ParseNumberCsv;

TEST_CASE("numbers are read with quoted reasons, empty lines and CRLF", "[csv]") {
  const auto lines = ParseNumberCsv(
      "\xEF\xBB\xBFphone_number,list_type,reason\r\n+15550100,BLACKLIST,\"asked, "
      "\"\"firmly\"\"\"\r\n\r\n"
      "+15550101,VIP\n");
  REQUIRE(lines.ok());
  REQUIRE(lines->size() == 2);
  CHECK((*lines)[0].reason == "asked, \"firmly\"");
  CHECK((*lines)[1].number == 4);
  CHECK((*lines)[1].phone_number == "+15550101");
}

TEST_CASE("a wrong line is named and nothing is read", "[csv]") {
  auto [text, field] = GENERATE(table<std::string, std::string>({
      {"", "csv"},
      {"phone_number,list_type\n", "csv"},
      {"+15550100,BLACKLIST\n", "csv line 1"},
      {"phone_number,list_type\n+15550100\n", "csv line 2"},
      {"phone_number,list_type\n+15550100,GREY\n", "csv line 2"},
      {"phone_number,list_type\n+15550100,VIP,a,b\n", "csv line 2"},
      {"phone_number,list_type\n+15550100,VIP,\"open\n", "csv line 2"},
      {"phone_number,list_type\n+15550100,VIP," + std::string(300, 'x') + "\n", "csv line 2"},
  }));
  INFO(text);
  const auto lines = ParseNumberCsv(text);
  REQUIRE_FALSE(lines.ok());
  CHECK(ctc::base::DetailOf(lines.status()).fields.at(0).field == field);
}

TEST_CASE("an import is bounded", "[csv]") {
  std::string text = "phone_number,list_type\n";
  for (int i = 0; i <= ctc::recording::kMaxImportLines; ++i) text += "+1,VIP\n";
  CHECK_FALSE(ParseNumberCsv(text).ok());
}
