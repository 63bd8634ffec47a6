// What Twilio's answers say: outcomes of placing, errors, records of calls. Pure; thread-safe.
#pragma once

#include <string>

#include "libs/base/status.h"
#include "libs/providers/adapter.h"

namespace ctc::providers::twilio {

// `field`: where a success carries the call's sid.
dispatch::v1::PlaceCallResponse OutcomeOf(const http::ClientResult& result, const char* field);

// Twilio's own code of an error, as 21220; 0 when there is none.
int ErrorCodeOf(const std::string& body);

// What the record of the party's call says. FOUND_UNSPECIFIED when it cannot be asked now. Of a
// caller only the end is told: that its call is in progress does not say with whom.
dispatch::v1::LookUpCallResponse ReadCallRecord(const http::ClientResult& result,
                                                const dispatch::v1::CallOrder& order,
                                                session::v1::Leg::Party party);
// The same from a list of calls between the two numbers: the one made at the session's time that is
// not known to be another session's.
dispatch::v1::LookUpCallResponse ReadCallList(const http::ClientResult& result,
                                              const dispatch::v1::LookUpCallRequest& request,
                                              session::v1::Leg::Party party);
// The same of somebody who is on the way into a conference, or in it.
dispatch::v1::LookUpCallResponse ReadParticipant(const http::ClientResult& result);

// The one of a list of conferences that is not over; empty when there is none.
absl::StatusOr<std::string> ReadConferenceSid(const http::ClientResult& result);

// True for a list of calls.
bool HasCalls(const std::string& body);

}  // namespace ctc::providers::twilio
