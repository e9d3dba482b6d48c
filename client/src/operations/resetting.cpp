#include "operations/resetting.hpp"

namespace tusk::detail {

fed resetting::feed() {
  in_.forget_statements();
  in_.transactions.begin_asked = false;
  in_.transactions.mode = first_;
  if (in_.session.transaction() != protocol::transaction_indicator::idle) put_in_front("ROLLBACK; ");
  return script::feed();
}

}  // namespace tusk::detail
