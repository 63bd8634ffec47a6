// Our steps as jambonz's verbs (docs.jambonz.org, "Verbs"). Pure; thread-safe.
#pragma once

#include "libs/base/status.h"
#include "libs/providers/adapter.h"
#include "libs/providers/sip/flow_settings.h"

namespace ctc::providers::sip {

// `most_seconds`: the longest talk. kCapabilityMissing for a voicemail: no verb gives a recording's
// URL. Where several prompts stand before a question, keys interrupt the last kind of them alone.
absl::StatusOr<common::v1::HttpResponse> RenderVerbs(
    const Account& account, const FlowSettings& settings, int most_seconds,
    const dispatch::v1::RenderFlowRequest& request);

}  // namespace ctc::providers::sip
