// Callers at Exotel. An ExoPhone runs a flow that people draw in the dashboard; its applets ask us
// over HTTP, and `applet=` in the URL put there says which one asks (README.md shows the flow):
// connect, gather and greeting for what to do, is_gather, is_dial, is_voicemail and is_over for the
// branch to take, digits, dialled, voicemail and heard for what became of it. Pure; thread-safe.
#pragma once

#include "libs/providers/adapter.h"

namespace ctc::providers::exotel {

// Verified like a callback. A question that tells of no outcome is STARTED: the step the caller is
// in is given again. An applet's URL is fixed, so an answer bears step number 0: it is to the
// current step.
dispatch::v1::ReadFlowResponse ReadQuestion(const Account& account,
                                            const common::v1::HttpRequest& request);

// kCapabilityMissing names what the applet that asks cannot do: a Connect applet only dials, one
// prompt is either text or sound, agents at SIP addresses are not dialled.
absl::StatusOr<common::v1::HttpResponse> RenderAnswer(
    const Account& account, const dispatch::v1::RenderFlowRequest& request);

}  // namespace ctc::providers::exotel
