// Requests that place calls at mCube, and what its answers to them mean. Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/http/client.h"
#include "libs/providers/adapter.h"

namespace ctc::providers::mcube {

// Two APIs under one name: JSON with a token at api.mcube.com, a query with a key at mcube.vmc.in.
enum class Variant { kCloud, kClassic };

// settings.variant, else by which credential there is.
Variant VariantOf(const Account& account);

// The credential of the account's variant; it also keys our callback tokens.
const base::Secret& CredentialOf(const Account& account);

// Digits only, ten of them for an Indian number; "" for what is no number in E.164.
std::string DiallableNumber(std::string_view phone);

// The whole submission but its timeout.
http::ClientRequest PlaceRequest(const Account& account, const dispatch::v1::CallOrder& order);

// What a submission's answer means. A 200 can carry a refusal; without any known word the outcome
// is open.
dispatch::v1::PlaceCallResponse OutcomeOf(const http::ClientResult& result);

// Why an answer is a refusal whatever its status says; nothing when it is none.
std::optional<std::string> RefusalIn(const http::ClientResponse& response);

// When a token ends, by its claim exp_data; nothing when it is no such token.
std::optional<absl::Time> TokenEnd(const base::Secret& token);

}  // namespace ctc::providers::mcube
