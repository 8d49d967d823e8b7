// The session API: sessions looked at and ended, for operators and their tools.
//
//     GET    /api/sessions?user=&limit=&cursor=     {"sessions":[...],"next":"..." or null}
//     GET    /api/sessions/count?user=              {"count":3}
//     GET    /api/sessions/{handle}?user=&content=1
//     DELETE /api/sessions/{handle}?user=           204
//     DELETE /api/users/{id}/sessions               {"ended":2}
//
// 404: there is no such session; 409: what is to be ended is no session document; 503: the store could not
// answer. HEAD is GET without a body.
#pragma once

#include "admin/api.hpp"

#include <vestibule/base/metrics.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/session/directory.hpp>

#include <memory>

namespace vestibule::admin {

/// The answer to a request that may use it. Logs each revocation. `ended` counts sessions.
task<api_answer> answer_sessions(std::shared_ptr<const session::directory> sessions, api_request r,
                                 metric_cell& ended);

}  // namespace vestibule::admin
