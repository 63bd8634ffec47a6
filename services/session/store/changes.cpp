// The steps of a submission, in a record.
#include "services/session/store/changes.h"

namespace ctc::session::store {

void Submit(const SubmissionChange& submission, Record& record) {
  v1::Session& session = record.session;
  session.set_submission(submission.submission);
  if (!submission.provider_call_id.empty()) {
    session.set_provider_call_id(submission.provider_call_id);
  }
  if (submission.next_attempt) {
    session.set_provider_id(submission.next_attempt->provider_id);
    session.set_provider_type(submission.next_attempt->provider_type);
    session.set_from_phone(submission.next_attempt->from_phone);
    session.set_attempts(session.attempts() + 1);
  }
  if (submission.route) record.route = *submission.route;
}

bool SaysNothingNew(const SubmissionChange& submission, const Record& record) {
  return !record.foretold && !submission.next_attempt && !submission.route &&
         submission.submission == record.session.submission() &&
         (submission.provider_call_id.empty() ||
          submission.provider_call_id == record.session.provider_call_id());
}

}  // namespace ctc::session::store
