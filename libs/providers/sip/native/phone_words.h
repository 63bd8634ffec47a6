// What the user agent says to a phone, in Sofia-SIP's words. On its thread.
#pragma once

#include <sofia-sip/nua.h>

#include <string>
#include <vector>

#include "libs/providers/sip/native/call_parts.h"

namespace ctc::providers::sip::native {

// `replaces`: the dialog that the call is to take over (RFC 3891); or empty.
void CallPhone(nua_handle_t* handle, const std::string& sdp, const std::string& replaces);
// Without a description when `sdp` is empty.
void Reinvite(nua_handle_t* handle, const std::string& sdp);
void Acknowledge(nua_handle_t* handle, const std::string& sdp);
void TellKey(nua_handle_t* handle, const std::string& key);
// With the status as its Reason, from 300 on (RFC 3326).
void SayBye(nua_handle_t* handle, int status);
// The phone is to call `target` by itself, on behalf of `by` (RFC 3515, 3892). The stack does not
// send it again but, when it `proves`, for one challenge: Retry-After would have it do so, and all
// that follows wait.
void AskToRefer(nua_handle_t* handle, const std::string& target, const std::string& by,
                bool proves);
// Ends that: any other request is sent again.
void AllowRepeats(nua_handle_t* handle);
// How a referral stands, as the beginning of a response (RFC 3420); `event` is "refer;id=5".
void NotifyReferrer(nua_handle_t* handle, const std::string& event, int status);

// The answer to the INVITE that waits for one.
void AnswerCaller(nua_handle_t* handle, const Reply& reply);
// And to the request that was just told of.
void Answer(nua_t* nua, nua_handle_t* handle, const Reply& reply);
// The same, and nothing more is to come of it.
void TurnAway(nua_t* nua, nua_handle_t* handle, int status);
void Challenge(nua_t* nua, nua_handle_t* handle, const std::vector<std::string>& challenges);

// Whether UPDATE refreshes the session is the phone's to say, by Allow: the stack would end the
// call of one that does not know it. Re-INVITE does in any case.
void ChooseRefresh(nua_handle_t* handle, const sip_t* sip);

}  // namespace ctc::providers::sip::native
