#include "libs/providers/sip/native/replaces.h"

#include <catch2/catch.hpp>

namespace ctc::providers::sip::native {
namespace {

using Kind = DialogBook::Match::Kind;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

TEST_CASE("Replaces names a dialog as the phone that reads it sees it", "[sip][replaces]") {
  const auto read = ReadReplaces("a@b", {"FROM-tag=f1", "to-tag=t1", "x=y"});
  REQUIRE(read.ok());
  CHECK(read->dialog == Dialog{"a@b", "t1", "f1"});
  CHECK_FALSE(read->early_only);
  CHECK(ReadReplaces("a@b", {"to-tag=t1", "from-tag=f1", "Early-Only"})->early_only);
}

TEST_CASE("Replaces that names no dialog, or two, is refused", "[sip][replaces]") {
  using Params = std::vector<std::string_view>;
  const std::string longest(600, 'a');
  CHECK_FALSE(ReadReplaces("", {"to-tag=t", "from-tag=f"}).ok());
  CHECK_FALSE(ReadReplaces("a,b", {"to-tag=t", "from-tag=f"}).ok());
  CHECK_FALSE(ReadReplaces(longest, {"to-tag=t", "from-tag=f"}).ok());
  for (const Params& params :
       {Params{}, Params{"to-tag=t"}, Params{"from-tag=f"}, Params{"to-tag=", "from-tag=f"},
        Params{"to-tag", "from-tag=f"}, Params{"to-tag=t", "from-tag=f", "to-tag=u"},
        Params{"to-tag=t", "from-tag=f", "from-tag=f"}, Params{"to-tag=t t", "from-tag=f"},
        Params{"to-tag=t", "from-tag=f,b"}}) {
    CAPTURE(params);
    CHECK_FALSE(ReadReplaces("a@b", params).ok());
  }
}

TEST_CASE("a dialog is found by its three names alone", "[sip][replaces]") {
  DialogBook book;
  const int ann = 0;
  const int ben = 0;
  book.Settle(&ann, {"c1", "l1", "r1"});
  book.Settle(&ben, {"c2", "l2", "r2"});
  CHECK(book.Find({"c1", "l1", "r1"}).owner == &ann);
  CHECK(book.Find({"c2", "l2", "r2"}).owner == &ben);
  for (const Dialog& other : {Dialog{"c1", "r1", "l1"}, Dialog{"c2", "l1", "r1"},
                              Dialog{"c1", "l1", "r2"}, Dialog{"c1", "l1", "0"}}) {
    CHECK(book.Find(other).kind == Kind::kNone);
  }
}

TEST_CASE("two dialogs that fit are none", "[sip][replaces]") {
  DialogBook book;
  const int ann = 0;
  const int ben = 0;
  book.Settle(&ann, {"c1", "l1", "r1"});
  book.Settle(&ben, {"c1", "l1", "r1"});
  CHECK(book.Find({"c1", "l1", "r1"}).kind == Kind::kNone);
}

TEST_CASE("a phone without a tag is named by 0", "[sip][replaces]") {
  DialogBook book;
  const int old = 0;
  book.Settle(&old, {"c1", "l1", ""});
  CHECK(book.Find({"c1", "l1", "0"}).owner == &old);
}

TEST_CASE("a call that rings at several phones has a dialog with each, then one",
          "[sip][replaces]") {
  DialogBook book;
  const int ann = 0;
  book.Note(&ann, {"c1", "l1", "desk"});
  book.Note(&ann, {"c1", "l1", "desk"});
  book.Note(&ann, {"c1", "l1", "mobile"});
  CHECK(book.Find({"c1", "l1", "desk"}).owner == &ann);
  CHECK(book.Find({"c1", "l1", "mobile"}).owner == &ann);
  book.Settle(&ann, {"c1", "l1", "mobile"});
  CHECK(book.Find({"c1", "l1", "desk"}).kind == Kind::kNone);
}

TEST_CASE("a dialog that has ended is known for half a minute", "[sip][replaces]") {
  DialogBook book;
  const int ann = 0;
  const int ben = 0;
  book.Settle(&ann, {"c1", "l1", "r1"});
  book.End(&ann, kNow);
  book.End(&ann, kNow);
  CHECK(book.Find({"c1", "l1", "r1"}).kind == Kind::kEnded);
  book.Settle(&ben, {"c2", "l2", "r2"});
  book.End(&ben, kNow + absl::Seconds(40));
  CHECK(book.Find({"c1", "l1", "r1"}).kind == Kind::kNone);
  CHECK(book.Find({"c2", "l2", "r2"}).kind == Kind::kEnded);
}

}  // namespace
}  // namespace ctc::providers::sip::native
