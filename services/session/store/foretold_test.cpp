// Which acceptances wait, which are due, and when they are forgotten.
#include "services/session/store/foretold.h"

#include <catch2/catch.hpp>

namespace ctc::session::store {
namespace {

using Which = Foretold::Which;

Record Sent(const std::string& id) {
  Record record;
  record.tenant = base::TenantId("t1");
  record.session.set_id(id);
  record.session.set_provider_id("p1");
  record.session.set_submission(v1::Session::SENT);
  return record;
}

Record Accepted(const std::string& id) {
  Record record = Sent(id);
  record.session.set_submission(v1::Session::ACCEPTED);
  record.session.set_provider_call_id("call-" + id);
  return record;
}

RecordPtr Share(Record record) { return std::make_shared<const Record>(std::move(record)); }

std::vector<std::string> Taken(Foretold& foretold, Which which, size_t limit = 100) {
  std::vector<std::string> sessions;
  for (const Foretold::Acceptance& one : foretold.Take(which, limit)) {
    sessions.push_back(one.session);
  }
  return sessions;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("only what shows no acceptance is completed", "[session][foretold]") {
  Foretold foretold(10);
  foretold.Add(Accepted("a"));
  const RecordPtr completed = foretold.Complete(Share(Sent("a")));
  CHECK(completed->session.provider_call_id() == "call-a");
  CHECK(completed->session.submission() == v1::Session::ACCEPTED);
  CHECK(completed->foretold);
  CHECK(completed->session.version() == Sent("a").session.version() + 1);
  CHECK(foretold.Complete(nullptr) == nullptr);
  for (const RecordPtr& other : {Share(Sent("b")), Share(Accepted("a"))}) {
    CHECK(foretold.Complete(other) == other);
  }
}

TEST_CASE("what was written along is forgotten, what was not is due", "[session][foretold]") {
  Foretold foretold(10);
  foretold.Add(Accepted("a"));
  foretold.Add(Accepted("b"));
  const RecordPtr along = Share(Accepted("a"));
  CHECK(foretold.AfterWrite(along) == along);
  CHECK(foretold.AfterWrite(Share(Sent("b")))->session.provider_call_id() == "call-b");
  CHECK(Taken(foretold, Which::kDue) == Ids{"b"});
  CHECK(foretold.empty());
}

TEST_CASE("whose call nobody wants any more is due though it was written", "[session][foretold]") {
  Foretold foretold(10);
  foretold.Add(Accepted("a"));
  Record cancelled = Accepted("a");
  cancelled.state.cancel_requested = true;
  foretold.AfterWrite(Share(cancelled));
  CHECK(Taken(foretold, Which::kDue) == Ids{"a"});
}

TEST_CASE("a record that only shows its acceptance was not written", "[session][foretold]") {
  Foretold foretold(10);
  foretold.Add(Accepted("a"));
  Record shown = Accepted("a");
  shown.foretold = true;
  foretold.AfterWrite(Share(shown));
  CHECK(Taken(foretold, Which::kDue).empty());
  CHECK_FALSE(foretold.empty());
}

TEST_CASE("of too many the oldest are due", "[session][foretold]") {
  Foretold foretold(2);
  for (const char* id : {"a", "b", "c", "d"}) foretold.Add(Accepted(id));
  CHECK(Taken(foretold, Which::kDue, 1) == Ids{"a"});
  CHECK(Taken(foretold, Which::kAll, 2) == Ids{"b", "c"});
  CHECK(Taken(foretold, Which::kDue) == Ids{"d"});  // it stays due
  CHECK(foretold.empty());
}

TEST_CASE("beyond half of the room some of the oldest are due in time", "[session][foretold]") {
  Foretold foretold(400);
  for (int i = 0; i < 350; ++i) foretold.Add(Accepted(std::to_string(1000 + i)));
  const auto take = [&] { return Taken(foretold, Which::kSurplus, 1000); };
  CHECK(Taken(foretold, Which::kDue).empty());
  const Ids first = take();
  REQUIRE(first.size() == 100);
  CHECK((first.front() == "1000" && first.back() == "1099"));
  CHECK(take().size() == 50);  // half of the room is left
  CHECK(take().empty());
  CHECK(Taken(foretold, Which::kAll, 1000).size() == 200);
}

TEST_CASE("an acceptance is found by all of its call's name", "[session][foretold]") {
  Foretold foretold(10);
  const base::TenantId tenant("t1");
  foretold.Add(Accepted("a"));
  CHECK(foretold.FindByProviderCall(tenant, "p1", "call-a") == "a");
  CHECK(foretold.FindByProviderCall(tenant, "p2", "call-a").empty());
  CHECK(foretold.FindByProviderCall(base::TenantId("t2"), "p1", "call-a").empty());
  foretold.Drop("a");
  CHECK(foretold.FindByProviderCall(tenant, "p1", "call-a").empty());
}

}  // namespace ctc::session::store
