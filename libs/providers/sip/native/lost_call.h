// What a session is told whose call ended with the process that carried it: a process that was
// killed tells nothing itself, and nobody else knows its calls. Pure.
#pragma once

#include <string>
#include <vector>

#include "ctc/session/v1/fact.pb.h"
#include "ctc/session/v1/session.pb.h"

namespace ctc::providers::sip::native {

// That a file of the session's is there; told twice it is the same.
session::v1::CallFact ReadyFact(const std::string& url);

// That it is over.
session::v1::CallFact LostFact(const session::v1::Session& session);

// What became of its recordings, whose files are at `urls`.
std::vector<session::v1::CallFact> LostRecordings(const session::v1::Session& session,
                                                  const std::vector<std::string>& urls);

}  // namespace ctc::providers::sip::native
