package doubles

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// reply is the answer to a handshake.
type reply struct {
	Code int                        `json:"code"`
	Msg  string                     `json:"msg"`
	Sys  map[string]json.RawMessage `json:"sys"`
	User json.RawMessage            `json:"user"`
}

func parseReply(body []byte) (*reply, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(body, &top); err != nil {
		return nil, err
	}
	r := new(reply)
	if err := json.Unmarshal(body, r); err != nil {
		return nil, err
	}
	allowed := []string{"code", "sys", "user"}
	if r.Code != 200 {
		allowed = []string{"code", "msg"}
	}
	for key := range top {
		if !slices.Contains(allowed, key) {
			return nil, fmt.Errorf("%q does not belong there: %s", key, body)
		}
	}
	if r.Code == 200 && r.Sys == nil {
		return nil, fmt.Errorf("no sys: %s", body)
	}
	return r, nil
}

// fields reports what sys lacks and what it has too much.
func (d *Double) fields(r *reply, must, may []string) {
	for _, key := range must {
		if r.Sys[key] == nil {
			d.wrong("the handshake's reply has no sys.%s", key)
		}
	}
	for key := range r.Sys {
		if !slices.Contains(must, key) && !slices.Contains(may, key) {
			d.wrong("the handshake's reply has sys.%s", key)
		}
	}
}

// seconds reads sys.heartbeat: a number, and an integer when it is whole.
func (d *Double) seconds(r *reply) time.Duration {
	text := string(r.Sys["heartbeat"])
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 {
		d.wrong("sys.heartbeat is %s", text)
		return 0
	}
	if whole := strconv.FormatFloat(n, 'f', 0, 64); n == float64(int64(n)) && text != whole {
		d.wrong("sys.heartbeat is %s and not %s", text, whole)
	}
	return time.Duration(n * float64(time.Second))
}

// servertime checks sys.servertime: Unix seconds of about now.
func (d *Double) servertime(r *reply) {
	n, err := strconv.ParseInt(string(r.Sys["servertime"]), 10, 64)
	if age := time.Since(time.Unix(n, 0)); err != nil || age < -time.Second || age > time.Minute {
		d.wrong("sys.servertime is %s", r.Sys["servertime"])
	}
}

// text checks that a field of sys is a string that says something.
func (d *Double) text(r *reply, key string) (s string) {
	if err := json.Unmarshal(r.Sys[key], &s); err != nil || s == "" {
		d.wrong("sys.%s is %s", key, r.Sys[key])
	}
	return s
}

// dictionary reads a dictionary of routes and codes from a field of sys, if it is there.
func (d *Double) dictionary(r *reply, key string) {
	raw := r.Sys[key]
	if raw == nil {
		return
	}
	var codes map[string]uint16
	if err := json.Unmarshal(raw, &codes); err != nil || codes == nil {
		d.crash("sys.%s is %s", key, raw)
		return
	}
	d.codes, d.routes = codes, make(map[uint16]string, len(codes))
	for route, code := range codes {
		if code == 0 || d.routes[code] != "" {
			d.wrong("sys.%s has the code %d, 0 or twice", key, code)
		}
		d.routes[code] = route
	}
}
