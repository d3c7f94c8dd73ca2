package wire

// Codes of the framework's own errors. An application adds its own.
const (
	CodeNotFound        = "not-found"       // no such route
	CodeBadRequest      = "bad-request"     // the payload cannot be decoded
	CodeUnauthenticated = "unauthenticated" // the session is nobody's yet
	CodeForbidden       = "forbidden"       // the session may not do that
	CodeLimited         = "limited"         // too often
	CodeCanceled        = "canceled"        // whoever asked stopped waiting
	CodeTimeout         = "timeout"         // took too long
	CodeUnavailable     = "unavailable"     // the node that served it is gone; it may have run
	CodeInternal        = "internal"        // an error without a code, or a panic
	CodeShutdown        = "shutdown"        // the server is going down
)

// Codes that a kick carries. After kicked, banned, replaced, protocol and limited the session is over;
// after resumed-elsewhere this connection is, the session goes on over another; after slow,
// shutdown and timeout the client may come back and resume.
const (
	KickKicked           = "kicked"            // the application said so
	KickBanned           = "banned"            // the application said so, for good
	KickReplaced         = "replaced"          // the same user came in elsewhere
	KickProtocol         = "protocol"          // the client broke the protocol
	KickLimited          = "limited"           // the client sent more than it may
	KickResumedElsewhere = "resumed-elsewhere" // the session was taken over by a newer connection
	KickSlow             = "slow"              // the client read too slowly
	KickShutdown         = "shutdown"          // the server is going down
	KickTimeout          = "timeout"           // the client was silent for too long
)
