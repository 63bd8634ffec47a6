// What is read of a message of Sofia-SIP's.
#pragma once

#include <sofia-sip/msg_types.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/su_tag.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/providers/sip/native/refer_to.h"
#include "libs/providers/sip/native/replaces.h"

namespace ctc::providers::sip::native {

std::string PayloadOf(const sip_t* sip);
// The Reason header's status (RFC 3326): its SIP cause, or the one its Q.850 cause means.
int ReasonOf(const sip_t* sip);
const char* PhraseOf(int status);
// Where it came from, without the port.
std::string SourceOf(msg_t* message);
// "name=value" of a challenge or of the answer to one.
std::vector<std::string_view> ParamsOf(const msg_auth_t& header);
// Of the digest challenges to a request of ours, as they stand there.
std::vector<std::string> RealmsOf(const sip_t* sip);
// True when the stack means to call again by itself, after a 5xx with Retry-After: it tells no more
// of the refusal.
bool IsPutOff(int status, const char* phrase);
// The host to which a request of ours is repeated after a 3xx; empty when that was no reason.
std::string RedirectedTo(const sip_t* sip);
// A name of ours for a dialog that a caller's request begins: the same for a repetition of it, with
// credentials or without.
std::string OwnNameOf(const sip_t* sip);
// The dialog that an answer to us is of, and one that a phone's request to us is of.
Dialog DialogOfAnswer(const sip_t* sip);
Dialog DialogOfRequest(const sip_t* sip);
// The dialog that an INVITE is to take over. NOT_FOUND when it names none, INVALID_ARGUMENT when
// that cannot be read, or is there twice.
absl::StatusOr<Replaces> ReplacesOf(const sip_t* sip);
// Of a REFER, ours or a phone's: what it is told of under, "refer;id=5", and that id; the id is
// empty where there is none.
std::string EventOfRefer(tagi_t* tags);
std::string IdOfRefer(tagi_t* tags);
std::string IdOfNotify(const sip_t* sip);
bool IsLastNotify(const sip_t* sip);
// How a phone says that our REFER fares; 0: it does not.
int ProgressOf(const sip_t* sip);
// Whom a REFER names. INVALID_ARGUMENT when it is no phone.
absl::StatusOr<ReferTo> ReferToOf(const sip_t* sip);
// The key that an INFO tells, if it does.
std::optional<char> KeyOf(const sip_t* sip);
// Of From, or of what the trunk asserts (RFC 3325); empty when withheld.
std::string CallerOf(const sip_t* sip, bool trusted);

}  // namespace ctc::providers::sip::native
