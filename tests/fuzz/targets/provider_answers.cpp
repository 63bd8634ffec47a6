// What the six providers answer to our requests. First byte: the provider; second byte: the status;
// the rest is the body of every answer. A call is placed, looked up, controlled, checked, and its
// recording fetched; whatever is answered, each has an end that can be told.
#include <array>

#include "libs/providers/asterisk/adapter.h"
#include "libs/providers/exotel/adapter.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/mcube/adapter.h"
#include "libs/providers/sip/adapter.h"
#include "libs/providers/twilio/adapter.h"
#include "libs/providers/vonage/adapter.h"
#include "libs/providers/vonage/samples_for_test.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

using common::v1::ProviderType;
using dispatch::v1::ControlCallRequest;
using dispatch::v1::PlaceCallResponse;

constexpr std::array<int, 8> kStatuses = {200, 201, 204, 302, 400, 404, 429, 500};
constexpr char kCall[] = "019a0000-0000-7000-8000-000000000001";
constexpr std::string_view kCredential = "topsecretvalue";

struct World {
  World() : clock(absl::FromUnixSeconds(1'767'268'800)) {
    adapters[0] = providers::asterisk::MakeAdapter({http, clock, {}});
    adapters[1] = providers::twilio::MakeAdapter({http, clock, {}});
    adapters[2] = providers::vonage::MakeAdapter({http, clock, {}});
    adapters[3] = providers::sip::MakeAdapter({http, clock, {}}, {});
    adapters[4] = providers::exotel::MakeAdapter({http, clock, {}});
    adapters[5] = providers::mcube::MakeAdapter({http, clock, {}});
  }
  providers::FakeHttp http;
  testing::FakeClock clock;
  std::array<std::unique_ptr<providers::Adapter>, 6> adapters;
};

providers::Account MakeAccount(size_t provider) {
  static constexpr std::array<ProviderType::Value, 6> kTypes = {
      ProviderType::ASTERISK, ProviderType::TWILIO, ProviderType::VONAGE,
      ProviderType::SIP,      ProviderType::EXOTEL, ProviderType::MCUBE};
  providers::Account account = providers::vonage::AnAccount();
  account.config.set_provider_type(kTypes[provider]);
  account.config.set_api_url("https://provider.example.com");
  account.config.set_account_sid("AC0123456789abcdef0123456789abcdef");
  account.config.set_phone_number("+15550123");
  account.api_key = base::Secret("key" + std::string(kCredential));
  account.api_secret = base::Secret("api" + std::string(kCredential));
  account.auth_token = base::Secret("auth" + std::string(kCredential));
  return account;
}

dispatch::v1::CallOrder MakeOrder() {
  dispatch::v1::CallOrder order;
  order.set_id(kCall);
  order.set_to_phone("+919800000002");
  order.set_from_phone("+918040000003");
  order.set_agent_phone("+919000000001");
  return order;
}

void CheckText(std::string_view text) {
  Require(text.size() <= 1000, "little of an answer is told");
  Require(text.find(kCredential) == std::string_view::npos, "no credential is told");
}

// One of a kind that was asked through a Task.
template <class T>
void CheckStatus(const absl::StatusOr<T>& result) {
  if (!result.ok()) CheckText(std::string(result.status().message()));
}

void CheckPlaced(const PlaceCallResponse& placed) {
  Require(placed.outcome() != PlaceCallResponse::OUTCOME_UNSPECIFIED, "every answer is an outcome");
  Require(placed.outcome() == PlaceCallResponse::ACCEPTED || !placed.error_code().empty(),
          "what is no call has a code");
  CheckText(placed.error_message());
}

}  // namespace

void ProviderAnswers(std::string_view bytes) {
  static World& world = *new World;
  static asio::io_context& io = *new asio::io_context;
  const size_t provider = TakeByte(bytes) % world.adapters.size();
  const uint8_t how = TakeByte(bytes);
  // A credential that the provider says back is in nobody's words but the provider's.
  if (bytes.find(kCredential) != std::string_view::npos) return;
  world.http = providers::FakeHttp();
  world.http.When("", kStatuses[how % kStatuses.size()], std::string(bytes));
  providers::Adapter& adapter = *world.adapters[provider];
  const providers::Account account = MakeAccount(provider);
  const dispatch::v1::CallOrder order = MakeOrder();
  CheckPlaced(testing::RunTask(io, adapter.Place(account, order)));
  dispatch::v1::LookUpCallRequest look_up;
  *look_up.mutable_order() = order;
  CheckStatus(testing::RunTask(io, adapter.LookUp(account, look_up)));
  look_up.set_provider_call_id("CA0123456789abcdef0123456789abcdef");
  CheckStatus(testing::RunTask(io, adapter.LookUp(account, look_up)));
  ControlCallRequest control;
  *control.mutable_order() = order;
  control.set_provider_call_id(look_up.provider_call_id());
  for (const auto action : {ControlCallRequest::HANG_UP, ControlCallRequest::HOLD,
                            ControlCallRequest::MUTE, ControlCallRequest::START_RECORDING}) {
    control.set_action(action);
    CheckStatus(testing::RunTask(io, adapter.Control(account, control)));
  }
  CheckStatus(testing::RunTask(io, adapter.Check(account)));
  CheckStatus(testing::RunTask(
      io, adapter.FetchRecording(account, "https://provider.example.com/recordings/1.mp3")));
  if (adapter.CustomerIsDialledByUs()) {
    CheckPlaced(testing::RunTask(io, adapter.DialCustomer(account, order)));
    CheckStatus(testing::RunTask(io, adapter.LookUpCustomer(account, look_up)));
  }
}

}  // namespace ctc::fuzz
