// Answers to Exotel's applets. First byte: the step's kind; a line of query, which names the
// applet; the rest is the texts of a step. Whatever they are, an answer is one that Exotel takes.
#include <nlohmann/json.hpp>

#include "libs/http/message.h"
#include "libs/providers/exotel/applet.h"
#include "libs/providers/exotel/flow.h"
#include "tests/fuzz/flow_step.h"

namespace ctc::fuzz {
namespace {

namespace exotel = providers::exotel;
using Json = nlohmann::json;
using exotel::Applet;

constexpr char kOrder[] = "019a0000-0000-7000-8000-000000000001";

providers::Account MakeAccount() {
  providers::Account account;
  account.tenant = base::TenantId("tenant-id");
  account.config.set_id("019a0000-0000-7000-8000-000000000002");
  account.config.set_api_url("https://api.in.exotel.com");
  account.webhook_secret = base::Secret("a1b2c3d4e5f60718293a4b5c6d7e8f90");
  account.public_url = "https://crm.example.com";
  return account;
}

void CheckConnect(const Json& json) {
  const Json& numbers = json.at("destination").at("numbers");
  Require(numbers.is_array() && numbers.size() <= 1, "one agent is rung at a time");
  for (const Json& number : numbers) {
    const std::string text = number.get<std::string>();
    Require(!text.empty() && text.find_first_not_of("+0123456789") == std::string::npos,
            "what is rung is a number");
  }
  if (numbers.empty()) return;
  Require(json.at("max_ringing_duration") >= 1, "a phone rings for some time");
  const std::string url = json.at("dial_passthru_event_url");
  Require(url.starts_with("https://crm.example.com/"), "events come to us");
}

void CheckAnswer(Applet applet, const common::v1::HttpResponse& answer) {
  Require(answer.status() == 200 || answer.status() == 302, "an answer is branch A or B");
  switch (applet) {
    case Applet::kConnect:
    case Applet::kLoneConnect:
      return CheckConnect(Json::parse(answer.body()));
    case Applet::kGather: {
      const Json json = Json::parse(answer.body());
      Require(json.at("gather_prompt").size() == 1, "a gather says a text or plays a sound");
      Require(json.at("repeat_menu") == 0, "we count repetitions");
      return;
    }
    case Applet::kGreeting:
      Require(answer.content_type().starts_with("text/plain"), "a greeting is text");
      return;
    default:
      Require(answer.body().empty(), "a branch has no body");
  }
}

}  // namespace

void ExotelFlow(std::string_view bytes) {
  const uint8_t kind = TakeByte(bytes);
  dispatch::v1::RenderFlowRequest request;
  request.mutable_order()->set_id(kOrder);
  request.mutable_order()->set_to_phone("+918040000003");
  request.mutable_request()->set_method("GET");
  request.mutable_request()->set_query(std::string(TakeLine(bytes)));
  *request.mutable_step() = MakeStep(kind, bytes);
  // Half of the steps have the one prompt that most applets can say.
  if (kind >= 128) request.mutable_step()->mutable_prompts()->RemoveLast();
  const auto applet = exotel::AppletOf(request.request());
  const auto answer = exotel::RenderAnswer(MakeAccount(), request);
  Require(applet.has_value() || !answer.ok(), "an applet that is none gets no answer");
  if (answer.ok()) CheckAnswer(*applet, *answer);
}

}  // namespace ctc::fuzz
