#include "libs/providers/sip/native/refer_book.h"

#include <catch2/catch.hpp>

namespace ctc::providers::sip::native {
namespace {

TEST_CASE("the first REFER may be told of without its id", "[sip][refer]") {
  ReferBook book;
  CHECK(book.Ask() == 1);
  CHECK_FALSE(book.IsToldOfNewest("", false));  // nothing is sent
  book.Sent("7");
  CHECK(book.IsToldOfNewest("", false));  // before its answer
  CHECK(book.Answered(true));
  CHECK(book.all_answered());
  CHECK(book.IsToldOfNewest("7", false));
  CHECK(book.IsToldOfNewest("", true));
  CHECK_FALSE(book.IsToldOfNewest("7", true));  // that was the last
}

TEST_CASE("what is told of an older REFER is of nothing", "[sip][refer]") {
  ReferBook book;
  book.Ask();
  book.Sent("7");
  CHECK(book.Answered(true));
  book.Ask();
  CHECK_FALSE(book.IsToldOfNewest("7", false));
  book.Sent("9");
  CHECK(book.Answered(true));
  CHECK_FALSE(book.IsToldOfNewest("", false));  // of either
  CHECK_FALSE(book.IsToldOfNewest("7", true));
  CHECK(book.IsToldOfNewest("9", false));
  CHECK(book.IsToldOfNewest("", true));  // the older one is over
}

TEST_CASE("a REFER that was refused is not told of", "[sip][refer]") {
  ReferBook book;
  book.Ask();
  book.Sent("7");
  CHECK(book.Answered(false));
  CHECK_FALSE(book.IsToldOfNewest("", false));
  book.Ask();
  book.Sent("9");
  CHECK(book.Answered(true));
  CHECK(book.IsToldOfNewest("", false));
}

TEST_CASE("an older REFER that is answered late is not the newest", "[sip][refer]") {
  ReferBook book;
  book.Ask();
  book.Ask();  // waits for the first one's answer
  book.Sent("7");
  CHECK_FALSE(book.IsToldOfNewest("7", false));
  CHECK_FALSE(book.IsToldOfNewest("", false));
  CHECK_FALSE(book.Answered(false));
  CHECK_FALSE(book.all_answered());
  book.Sent("9");
  CHECK(book.Answered(false));
  CHECK_FALSE(book.Answered(false));  // no more than were sent
}

TEST_CASE("a REFER that is sent again counts once, and not once nobody waits", "[sip][refer]") {
  ReferBook book;
  const int number = book.Ask();
  book.Sent("7");
  CHECK(book.Answered(false));
  book.AskAgain();
  book.Sent("8");
  book.Sent("9");  // the stack, with credentials
  CHECK_FALSE(book.IsToldOfNewest("8", false));
  CHECK(book.Answered(true));
  CHECK(book.IsToldOfNewest("9", false));
  CHECK_FALSE(book.GiveUp(number + 1));
  CHECK(book.GiveUp(number));
  CHECK_FALSE(book.GiveUp(number));
  CHECK_FALSE(book.IsToldOfNewest("9", true));
  CHECK_FALSE(book.GiveUp(book.Ask() - 1));
}

}  // namespace
}  // namespace ctc::providers::sip::native
