// A call in which agent A talks with a customer, and orders to hand it over.
#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/session/service/service_fixture.h"

namespace ctc::session {

// Agent A talks with a customer; agent B is registered.
struct TalkFixture : Fixture {
  using Lines = std::vector<std::string>;

  TalkFixture() {
    AddAgent("agent-uuid", "+4930100");
    AddAgent("agent-b", "+4930200");
    peers.route.set_agent_registered(true);
    peers.route.set_agent_active(true);
    peers.route.set_agent_phone("+4930100");
    const auto made = Initiate();
    REQUIRE_THAT(made.status(), testing::IsOk());
    id = made->id();
    Tell({OnLeg("agent", v1::CallFact::CALL_ANSWERED, 2),
          OnLeg("customer", v1::CallFact::CALL_ANSWERED, 5)});
    clock.Advance(absl::Seconds(60));
    talk_began = static_cast<int>(peers.asked().size());
  }
  void AddAgent(const std::string& agent, const std::string& phone) {
    peers.agents[agent].set_id(agent);
    peers.agents[agent].set_phone(phone);
    peers.agents[agent].set_is_active(true);
  }
  v1::SessionFact OnLeg(const std::string& leg, v1::CallFact::Kind kind, int seconds) {
    v1::SessionFact fact = Fact(id, kind, seconds);
    fact.mutable_fact()->set_leg_id(leg);
    fact.mutable_fact()->set_event_key(fact.fact().event_key() + leg);
    fact.mutable_fact()->set_provider_leg_id("CA-" + leg);
    return fact;
  }
  void Tell(const std::vector<v1::SessionFact>& facts) {
    REQUIRE_THAT(Apply(facts).status(), testing::IsOk());
  }
  absl::StatusOr<v1::Transfer> Transfer(v1::Transfer::Type type,
                                        const std::string& agent = "agent-b",
                                        const std::string& key = "") {
    v1::TransferCallRequest request;
    request.set_id(id);
    request.set_transfer_type(type);
    request.set_to_agent_id(agent);
    request.set_reason("billing question");
    return Transfer(request, key);
  }
  absl::StatusOr<v1::Transfer> Transfer(const v1::TransferCallRequest& request,
                                        const std::string& key = "") {
    rpc::Context context = Context();
    context.idempotency_key = key;
    auto answer = process->Run(process->transfers.TransferCall(std::move(context), request));
    if (!answer.ok()) return answer.status();
    return answer->transfer();
  }
  // The agent's phone hands its call over by itself.
  absl::StatusOr<v1::Transfer> Refer(const std::string& phone, bool attended = false,
                                     const std::string& key = "refer:1") {
    v1::ReferCallRequest request;
    request.set_id(id);
    request.set_phone(phone);
    request.set_attended(attended);
    request.set_key(key);
    auto answer = process->Run(process->transfers.ReferCall(Context(), request));
    if (!answer.ok()) return answer.status();
    return answer->transfer();
  }
  absl::StatusOr<v1::Transfer> Complete(const std::string& transfer) {
    v1::CompleteTransferRequest request;
    request.set_id(id);
    request.set_transfer_id(transfer);
    auto answer = process->Run(process->transfers.CompleteTransfer(Context(), request));
    if (!answer.ok()) return answer.status();
    return answer->transfer();
  }
  absl::StatusOr<v1::Transfer> Cancel(const std::string& transfer) {
    v1::CancelTransferRequest request;
    request.set_id(id);
    request.set_transfer_id(transfer);
    auto answer = process->Run(process->transfers.CancelTransfer(Context(), request));
    if (!answer.ok()) return answer.status();
    return answer->transfer();
  }
  v1::Transfer Newest() {
    v1::ListTransfersRequest request;
    request.set_id(id);
    auto answer = process->Run(process->transfers.ListTransfers(Context(), request));
    REQUIRE_THAT(answer.status(), testing::IsOk());
    REQUIRE(answer->total() == answer->transfers_size());
    return answer->transfers_size() == 0 ? v1::Transfer() : *answer->transfers().rbegin();
  }
  void AwaitTransfer(v1::Transfer::Status status) {
    testing::EventuallyTrue([&] { return Newest().status() == status; },
                            v1::Transfer::Status_Name(status));
  }
  void Await(const std::string& session, v1::Session::Status status) {
    testing::EventuallyTrue([&] { return Get(session)->status() == status; },
                            v1::Session::Status_Name(status));
  }
  // What was asked of the provider since the talk began, without look-ups.
  Lines Orders() {
    Lines orders;
    const Lines all = peers.asked();
    for (auto line = all.begin() + talk_began; line != all.end(); ++line) {
      if (line->starts_with("ControlCall ")) orders.push_back(line->substr(12));
    }
    return orders;
  }
  void AwaitOrders(const Lines& wanted) {
    testing::EventuallyTrue([&] { return Orders() == wanted; }, "orders to the provider");
  }
  Lines FeedTypes(const std::string& session) {
    Lines types;
    for (const auto& event : Feed()) {
      if (event.id() == session) types.push_back(event.type());
    }
    return types;
  }
  bool Told(const std::string& type) {
    const Lines types = FeedTypes(id);
    return std::find(types.begin(), types.end(), type) != types.end();
  }
  v1::Leg Leg(const std::string& session, const std::string& leg_id) {
    const auto found = Get(session);
    for (const v1::Leg& leg : found->legs()) {
      if (leg.id() == leg_id) return leg;
    }
    return {};
  }

  std::string id;
  int talk_began = 0;
};

}  // namespace ctc::session
