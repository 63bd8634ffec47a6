#include "tools/simulator/options.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tools/simulator/script.h"

namespace ctc::simulator {
namespace {

absl::StatusOr<base::Secret> ReadSecret(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::InvalidArgumentError("cannot read the file of a secret");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return base::Secret(std::move(text));
}

absl::Status Bad(const std::string& flag) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, " is unknown or has a bad value"));
}

absl::Status Apply(const std::string& flag, const std::string& value, Options& options) {
  if (flag == "port") {
    if (absl::SimpleAtoi(value, &options.port) && options.port >= 0 && options.port < 65536) {
      return absl::OkStatus();
    }
  } else if (flag == "seed") {
    if (absl::SimpleAtoi(value, &options.seed)) return absl::OkStatus();
  } else if (flag == "speed") {
    if (absl::SimpleAtod(value, &options.speed) && options.speed > 0) return absl::OkStatus();
  } else if (flag == "ari-password-file") {
    CTC_ASSIGN_OR_RETURN(options.ari_password, ReadSecret(value));
    return absl::OkStatus();
  } else if (flag == "twilio-token-file") {
    CTC_ASSIGN_OR_RETURN(options.twilio_token, ReadSecret(value));
    return absl::OkStatus();
  } else if (flag == "vonage-secret-file") {
    CTC_ASSIGN_OR_RETURN(options.vonage_secret, ReadSecret(value));
    return absl::OkStatus();
  } else if (flag == "vonage-public-key-file") {
    CTC_ASSIGN_OR_RETURN(const base::Secret key, ReadSecret(value));
    options.vonage_public_key = std::string(key.Reveal());
    return absl::OkStatus();
  } else if (flag == "webhook-secret-file") {
    CTC_ASSIGN_OR_RETURN(options.webhook_secret, ReadSecret(value));
    return absl::OkStatus();
  } else {
    std::string* text = flag == "port-file"            ? &options.port_file
                        : flag == "ari-user"           ? &options.ari_user
                        : flag == "twilio-account"     ? &options.twilio_account
                        : flag == "vonage-application" ? &options.vonage_application
                        : flag == "public-url"         ? &options.public_url
                        : flag == "seed-webhooks"      ? &options.seed_webhooks
                                                       : nullptr;
    if (text != nullptr && !value.empty()) {
      *text = value;
      return absl::OkStatus();
    }
  }
  return Bad(flag);
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with("--")) return Bad(argument);
    const size_t equals = argument.find('=');
    const std::string flag = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::string value;
    if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    CTC_RETURN_IF_ERROR(Apply(flag, value, options));
  }
  if (!options.ari_user.empty() && options.ari_password.empty()) {
    return absl::InvalidArgumentError("--ari-user needs --ari-password-file");
  }
  if (!options.twilio_account.empty() && options.twilio_token.empty()) {
    return absl::InvalidArgumentError("--twilio-account needs --twilio-token-file");
  }
  if (!options.seed_webhooks.empty() && options.webhook_secret.empty()) {
    return absl::InvalidArgumentError("--seed-webhooks needs --webhook-secret-file");
  }
  return options;
}

std::string HelpText() {
  return "ctc-simulator: telephone providers on one loopback port, for tests and demonstrations.\n"
         "ARI (Asterisk) is at /ari, Twilio at /2010-04-01/Accounts/{AC}, Exotel at\n"
         "/v1/Accounts/{sid}, mCube at /Restmcube-api and /api/outboundcall, Vonage at\n"
         "/v1/calls.\n\n"
         "  --port N                     port to listen on; 0, the default, takes a free one\n"
         "  --port-file PATH             writes the port there once it listens\n"
         "  --seed N                     seed of all chance (1)\n"
         "  --speed N                    divides ring and talk times (1)\n"
         "  --ari-user NAME --ari-password-file PATH\n"
         "                               ARI credentials; any are taken when not given\n"
         "  --twilio-account AC --twilio-token-file PATH\n"
         "                               Twilio credentials; any are taken when not given, and\n"
         "                               callbacks are signed with the token of the request\n"
         "  --vonage-application ID --vonage-public-key-file PATH --vonage-secret-file PATH\n"
         "                               Vonage's application, its public key and the secret that\n"
         "                               signs webhooks; any are taken when not given, and "
         "webhooks\n"
         "                               are signed with \"simulator-signature-secret\"\n"
         "  --public-url URL             how others reach the simulator, for URLs in answers\n"
         "  --seed-webhooks URL --webhook-secret-file PATH\n"
         "                               also posts CALL_RINGING, CALL_ANSWERED and CALL_ENDED\n"
         "                               of customers' ARI legs there, signed by X-Signature\n"
         "  --help                       this text\n\n"
         "Control, without credentials:\n"
         "  /_ctl?mode=NAME&pct=P&delay_ms=D  mixes an outcome into P % of all calls; mode= ends "
         "it\n"
         "  /_ctl?mode=refuse&for_ms=T        closes the port for T ms\n"
         "  /_stats[?number=N|?reference=R]   how often each was dialled\n"
         "  /_calls                           the calls there are\n\n" +
         OutcomesText();
}

}  // namespace ctc::simulator
