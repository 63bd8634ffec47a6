// What every provider's folder implements: placing and controlling calls, and reading webhooks.
// Everything that knows one provider lives in libs/providers/<provider>/ and nowhere else.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ctc/common/v1/http.pb.h"
#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "ctc/dispatch/v1/provider.pb.h"
#include "ctc/session/v1/session.pb.h"
#include "libs/base/asio.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/secret.h"
#include "libs/base/status.h"
#include "libs/http/address_guard.h"
#include "libs/http/client.h"

namespace ctc::providers {

// An account with its credentials in clear, inside dispatch only.
struct Account {
  base::TenantId tenant;
  dispatch::v1::Provider config;  // everything but the credentials
  base::Secret api_key;
  base::Secret api_secret;
  base::Secret auth_token;
  base::Secret webhook_secret;
  base::Secret private_key;
  std::string public_url;  // how the provider reaches us, without trailing slash
};

// How far a webhook's own time may be from ours. A webhook may be legitimately late by hours.
struct ReplayWindow {
  absl::Duration max_age = absl::Hours(24);
  absl::Duration max_skew = absl::Minutes(5);
};

// A recording as its provider keeps it.
struct Recording {
  std::string content_type;  // "audio/x-wav"
  std::string bytes;
};

// What an adapter needs of the world; outlives it.
struct Environment {
  http::Client& http;
  const base::Clock& clock;
  ReplayWindow window;
  base::Random& random = base::SystemRandom();
  // Of the addresses that accounts may name where no HTTP client sees to it.
  http::AddressGuard guard = http::AddressGuard::Everywhere();
};

class Adapter {
 public:
  virtual ~Adapter() = default;

  virtual dispatch::v1::ProviderTypeInfo Describe() const = 0;
  // What can be done with the calls of one account: what its type can, unless that depends.
  virtual std::vector<std::string> CapabilitiesOf(const dispatch::v1::Provider& config) const;
  // Field errors of an account to be stored, beyond what all types need.
  virtual absl::Status CheckAccount(const Account& account) const = 0;
  // True when api_url is none of HTTP, and CheckAccount alone judges it.
  virtual bool ChecksApiUrl(const dispatch::v1::Provider& /*config*/) const { return false; }

  // Submits the call once. Never throws, never retries; says how sure the outcome is.
  virtual Task<dispatch::v1::PlaceCallResponse> Place(const Account& account,
                                                      const dispatch::v1::CallOrder& order) = 0;
  // kCapabilityMissing for what the provider cannot do.
  virtual Task<absl::StatusOr<dispatch::v1::ControlCallResponse>> Control(
      const Account& account, const dispatch::v1::ControlCallRequest& request) = 0;
  virtual Task<absl::StatusOr<dispatch::v1::LookUpCallResponse>> LookUp(
      const Account& account, const dispatch::v1::LookUpCallRequest& request) = 0;
  // A live check. The message says what is wrong.
  virtual Task<absl::StatusOr<std::string>> Check(const Account& account) = 0;

  // Pure. Verdict GENUINE only with a right signature; facts carry event keys. `request.url` is
  // the public URL. `now` bounds the replay window.
  virtual dispatch::v1::ReadWebhookResponse ReadWebhook(const Account& account,
                                                        const common::v1::HttpRequest& request,
                                                        absl::Time now) const = 0;

  // Pure, like ReadWebhook: a provider's question what to do with a caller. UNREADABLE from types
  // that never ask by HTTP.
  virtual dispatch::v1::ReadFlowResponse ReadFlow(const Account& account,
                                                  const common::v1::HttpRequest& request,
                                                  absl::Time now) const;
  // Pure: the step in the provider's language. kCapabilityMissing names what it cannot do.
  virtual absl::StatusOr<common::v1::HttpResponse> RenderFlow(
      const Account& account, const dispatch::v1::RenderFlowRequest& request) const;

  // True when nobody but us dials the customer once the agent answered: then DialCustomer is called
  // once for a call, after a row that says so was committed, and LookUpCustomer when a crash or a
  // lost answer left open whether it was. NOT_SENT and kCapabilityMissing otherwise.
  virtual bool CustomerIsDialledByUs() const { return false; }
  virtual Task<dispatch::v1::PlaceCallResponse> DialCustomer(const Account& account,
                                                             const dispatch::v1::CallOrder& order);
  virtual Task<absl::StatusOr<dispatch::v1::LookUpCallResponse>> LookUpCustomer(
      const Account& account, const dispatch::v1::LookUpCallRequest& request);

  // The recording that RECORDING_READY or a voicemail told of, by its URL. Credentials go to hosts
  // of the provider only: kProviderRefused for another. kNotFound when it is not there (yet);
  // kCapabilityMissing where the provider gives no recordings.
  virtual Task<absl::StatusOr<Recording>> FetchRecording(const Account& account,
                                                         const std::string& recording_url);

  // Deletes a recording that lies with us, by its URL; OK when there is none. `account_id` is a
  // UUID, of an account that may be gone.
  virtual Task<absl::Status> DeleteRecording(std::string account_id, std::string recording_url);

  // True when nobody but us rings the agent that a caller was routed to: then Control(DIAL_PARTY)
  // is sent once the session offers the call, and ASK_FLOW when the agent did not take it. False
  // where the rendered step rings it.
  virtual bool AgentIsDialledByUs() const { return false; }

  // The type's active accounts, whenever one changed: whoever is called by its provider without
  // HTTP listens for them. After how long it is to be called again though none changed; infinite
  // when there is no need.
  virtual absl::Duration Attend(const std::vector<std::shared_ptr<const Account>>& /*accounts*/) {
    return absl::InfiniteDuration();
  }

  // True when the account's calls live in this process: nobody else knows of them, and they end
  // with it. Then EndLost is given the account's sessions that have not ended, once no other
  // process is there any more that could have their calls: it tells the end of those that are not
  // here.
  virtual bool CarriesCalls(const dispatch::v1::Provider& /*config*/) const { return false; }
  virtual Task<void> EndLost(std::shared_ptr<const Account> account,
                             std::vector<session::v1::Session> live);
  // The process ends: ends the calls that live in it, tells that, and takes no more.
  virtual Task<void> Leave();

  // True when a leg stays up after the others have left: then HANG_UP is sent for what may be left
  // once the session has ended.
  virtual bool LegsOutliveOthers() const { return false; }
};

}  // namespace ctc::providers
