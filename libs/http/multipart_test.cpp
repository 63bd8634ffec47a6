#include "libs/http/multipart.h"

#include <catch2/catch.hpp>

namespace ctc::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr char kType[] = "multipart/form-data; charset=utf-8; boundary=\"x;y\"";

std::string Part(const std::string& name, const std::string& content) {
  return "--x;y\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content +
         "\r\n";
}

TEST_CASE("fields of a multipart body come in order, unchanged", "[http][multipart]") {
  const std::string body = Part("Legs[0][Status]", "completed") + Part("empty", "") +
                           Part("lines", "a\r\nb--x") + "--x;y--\r\n";
  const Pairs expected = {{"Legs[0][Status]", "completed"}, {"empty", ""}, {"lines", "a\r\nb--x"}};
  CHECK(ParseMultipart(kType, body).value() == expected);
  CHECK(ParseMultipart(kType, "a preamble\r\n" + body + "an epilogue").value() == expected);
}

TEST_CASE("a body without parts has no fields", "[http][multipart]") {
  CHECK(ParseMultipart(kType, "--x;y--").value().empty());
}

TEST_CASE("the boundary is found with and without quotes, whatever its case", "[http][multipart]") {
  const std::string body =
      "--b1 \r\ncontent-type: text/plain\r\nCONTENT-DISPOSITION: form-data;NAME=n; filename=f\r\n"
      "\r\nv\r\n--b1--";
  const Pairs expected = {{"n", "v"}};
  CHECK(ParseMultipart("multipart/form-data;BOUNDARY=b1", body).value() == expected);
  CHECK(ParseMultipart("multipart/form-data; boundary=\"b1\"; x=y", body).value() == expected);
}

TEST_CASE("a multipart body cut short or malformed is refused", "[http][multipart]") {
  const std::string whole = Part("a", "1") + "--x;y--";
  for (size_t length = 0; length < whole.size(); ++length) {
    INFO(length);
    CHECK_FALSE(ParseMultipart(kType, whole.substr(0, length)).ok());
  }
  for (const char* type : {"multipart/form-data", "multipart/form-data; boundary=",
                           "multipart/form-data; boundary=\"\"", ""}) {
    INFO(type);
    CHECK_FALSE(ParseMultipart(type, whole).ok());
  }
  const std::string bodies[] = {
      "--x;y\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x;y--",
      "--x;y\r\nContent-Type: text/plain\r\n\r\nv\r\n--x;y--",
      "--x;y\r\nContent-Disposition: form-data; name=\"a\"\r\n--x;y--",
      "--x;y\r\n\r\n--x;y--",
      Part("a", "\xff") + "--x;y--",
  };
  for (const std::string& body : bodies) {
    INFO(body);
    CHECK_FALSE(ParseMultipart(kType, body).ok());
  }
}

TEST_CASE("a body of too many parts is refused", "[http][multipart]") {
  std::string body;
  for (int i = 0; i < 200; ++i) body += Part("a", "1");
  CHECK(ParseMultipart(kType, body + "--x;y--").value().size() == 200);
  CHECK_FALSE(ParseMultipart(kType, body + Part("a", "1") + "--x;y--").ok());
}

}  // namespace
}  // namespace ctc::http
