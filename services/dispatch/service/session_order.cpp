#include "services/dispatch/service/session_order.h"

namespace ctc::dispatch {

v1::CallOrder OrderOf(const session::v1::Session& session) {
  v1::CallOrder order;
  order.set_id(session.id());
  order.set_session_id(session.session_id());
  order.set_correlation_id(session.correlation_id());
  order.set_to_phone(session.to_phone());
  order.set_from_phone(session.from_phone());
  order.set_agent_phone(session.agent_phone());
  order.set_agent_id(session.agent_id());
  order.set_contact_name(session.contact_name());
  order.set_room(session.conversation_id());
  order.set_direction(session.direction());
  return order;
}

}  // namespace ctc::dispatch
