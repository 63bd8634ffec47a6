// Who may be handed a call, and who not; who stays with the caller.
#include "libs/base/error_catalogue.h"
#include "services/session/service/talk_fixture.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallRequest;
using testing::HasError;
using testing::IsOk;
using S = v1::Session;
using F = v1::CallFact;
using T = v1::Transfer;

}  // namespace

TEST_CASE("a transfer that cannot be is refused before anything changed", "[session][transfers]") {
  TalkFixture f;
  const auto untouched = [&] {
    CHECK(f.Orders().empty());
    CHECK(f.Newest().id().empty());
    CHECK(f.Get(f.id)->status() == S::CONNECTED);
  };
  v1::TransferCallRequest request;
  request.set_id(f.id);
  SECTION("a provider that cannot") {
    f.peers.capabilities = {"hold"};
    const auto refused = f.Transfer(T::BLIND);
    REQUIRE_THAT(refused.status(), HasError(base::kCapabilityMissing));
    CHECK(base::DetailOf(refused.status()).metadata.at("capability") == "transfer");
    untouched();
  }
  SECTION("a provider by which three cannot talk") {
    f.peers.capabilities = {"transfer"};
    const auto refused = f.Transfer(T::WARM);
    REQUIRE_THAT(refused.status(), HasError(base::kCapabilityMissing));
    CHECK(base::DetailOf(refused.status()).metadata.at("capability") == "warm_transfer");
    untouched();
  }
  SECTION("no target, or two") {
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kValidationFailed));
    request.set_to_agent_id("agent-b");
    request.set_to_phone("+4930300");
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kValidationFailed));
    untouched();
  }
  SECTION("to oneself, to the customer, to nobody, to somebody switched off") {
    CHECK_THAT(f.Transfer(T::BLIND, "agent-uuid").status(), HasError(base::kValidationFailed));
    request.set_to_phone("+1234567890");
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kValidationFailed));
    request.set_to_phone("call me");
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kValidationFailed));
    CHECK_THAT(f.Transfer(T::BLIND, "nobody").status(), HasError(base::kValidationFailed));
    f.peers.agents["agent-b"].set_is_active(false);
    CHECK_THAT(f.Transfer(T::BLIND).status(), HasError(base::kAgentInactive));
    untouched();
  }
  SECTION("a number that a rule forbids") {
    f.peers.check = [](const auto&) {
      recording::v1::CheckCallResponse answer;
      answer.set_verdict("BLOCK");
      answer.add_reasons()->set_code("DNC");
      return answer;
    };
    request.set_to_phone("+4930300");
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kBlockedByPolicy));
    untouched();
  }
  SECTION("a queue in which nobody is free") {
    request.set_to_queue_id("0190b0a0-0000-7000-8000-000000000001");
    f.peers.SetFree({"agent-uuid"});
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kNoAgentAvailable));
    untouched();
  }
  SECTION("of a call that is not connected") {
    f.Tell({f.OnLeg("customer", F::CALL_ENDED, 10)});
    CHECK_THAT(f.Transfer(T::BLIND).status(), HasError(base::kCallNotLive));
    CHECK(f.Orders().empty());
  }
  SECTION("of another tenant's or another agent's call") {
    request.set_to_agent_id("agent-b");
    CHECK_THAT(f.process->Run(f.process->transfers.TransferCall(f.Context("t2"), request)).status(),
               HasError(base::kNotFound));
    auto other = f.Context();
    other.principal.role = rpc::Role::kAgent;
    other.principal.agent_id = "someone-else";
    CHECK_THAT(f.process->Run(f.process->transfers.TransferCall(other, request)).status(),
               HasError(base::kNotFound));
    untouched();
  }
}

TEST_CASE("a second transfer meets the open one, a repeated request its own",
          "[session][transfers]") {
  TalkFixture f;
  const auto first = f.Transfer(T::ATTENDED, "agent-b", "key-1");
  REQUIRE_THAT(first.status(), IsOk());
  const auto second = f.Transfer(T::ATTENDED);
  REQUIRE_THAT(second.status(), HasError(base::kTransferOpen));
  CHECK(base::DetailOf(second.status()).metadata.at("transfer_id") == first->id());
  CHECK(f.Transfer(T::ATTENDED, "agent-b", "key-1")->id() == first->id());
  CHECK(f.peers.count("ControlCall DIAL_PARTY") == 1);
}

TEST_CASE("transfers are listed page by page, either way round", "[session][transfers]") {
  TalkFixture f;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    const auto asked = f.Transfer(T::ATTENDED, "agent-b", "key-" + std::to_string(i));
    REQUIRE_THAT(asked.status(), IsOk());
    REQUIRE_THAT(f.Cancel(asked->id()).status(), IsOk());
    ids.push_back(asked->id());
  }
  v1::ListTransfersRequest request;
  request.set_id(f.id);
  const auto list = [&] {
    return f.process->Run(f.process->transfers.ListTransfers(f.Context(), request));
  };
  if (GENERATE(false, true)) {
    request.set_sort("-requested_at");
    std::reverse(ids.begin(), ids.end());
  }
  request.set_limit(GENERATE(1, 2, 5));
  std::vector<std::string> seen;
  for (size_t pages = 0; pages < ids.size(); ++pages) {
    const auto page = list();
    REQUIRE_THAT(page.status(), IsOk());
    CHECK(page->total() == 5);
    for (const v1::Transfer& transfer : page->transfers()) seen.push_back(transfer.id());
    if (!page->has_next_cursor()) break;
    request.set_cursor(page->next_cursor());
  }
  CHECK(seen == ids);
  request.set_sort("status");
  CHECK(testing::NamesField(list().status(), "sort"));
  request.clear_sort();
  request.set_cursor("of another list");
  CHECK(testing::NamesField(list().status(), "cursor"));
}

TEST_CASE("a queue's first free agent takes over, and a number without an agent",
          "[session][transfers]") {
  TalkFixture f;
  v1::TransferCallRequest request;
  request.set_id(f.id);
  request.set_transfer_type(T::COLD);
  SECTION("queue") {
    const std::string queue = "0190b0a0-0000-7000-8000-000000000001";
    request.set_to_queue_id(queue);
    f.peers.SetFree({"agent-uuid", "agent-b"});
    const auto asked = f.Transfer(request);
    REQUIRE_THAT(asked.status(), IsOk());
    CHECK(asked->to_agent_id() == "agent-b");
    CHECK(asked->to_queue_id() == queue);
  }
  SECTION("number") {
    request.set_to_phone("+49 30 300");
    const auto asked = f.Transfer(request);
    REQUIRE_THAT(asked.status(), IsOk());
    CHECK(asked->to_phone() == "+4930300");
    for (const auto& event : f.Feed()) CHECK(event.detail().find("4930300") == std::string::npos);
    f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 3)});
    f.AwaitTransfer(T::COMPLETED);
    const auto next = f.Get(f.Newest().new_session_id());
    CHECK_FALSE(next->has_agent_id());
    CHECK(next->agent_phone() == "+4930300");
  }
}

TEST_CASE("an agent whose target refuses while it is being let go stays", "[session][transfers]") {
  TalkFixture f;
  store::RecordPtr before;  // as whoever is about to let the agent go read it
  f.peers.control = [&](const ControlCallRequest& request) {
    if (request.action() == ControlCallRequest::DIAL_PARTY) {
      before =
          f.process->Run(f.process->reader.Get(f.Context().tenant, f.id, absl::InfiniteFuture()))
              .value();
      f.Tell({f.OnLeg("consult-1", F::CALL_BUSY, 1)});
    }
    return dispatch::v1::ControlCallResponse();
  };
  REQUIRE_THAT(f.Transfer(T::BLIND).status(), IsOk());
  f.AwaitTransfer(T::FAILED);
  f.Await(f.id, S::CONNECTED);
  REQUIRE(before != nullptr);
  (void)f.process->Run(
      f.process->keeper.Settle(f.Context(), before, domain::TransferEvent::kDialled, ""));
  for (const std::string& order : f.Orders()) CHECK(order != "DROP_PARTY agent");
  CHECK(f.Leg(f.id, "agent").state() == v1::Leg::ANSWERED);
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
}

}  // namespace ctc::session
