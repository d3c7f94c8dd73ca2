// Package clusterpb has the description of a cluster's member that route functions are given.
package clusterpb

// MemberInfo describes a member of a cluster. It is a value: whoever gets one may keep and change it.
type MemberInfo struct {
	Label       string   // what the member was given by nano.WithLabel
	ServiceAddr string   // its address within the cluster, and its name
	Services    []string // the services whose handlers it has
}

// GetLabel returns the label, "" for nil.
func (m *MemberInfo) GetLabel() string {
	if m == nil {
		return ""
	}
	return m.Label
}

// GetServiceAddr returns the address, "" for nil.
func (m *MemberInfo) GetServiceAddr() string {
	if m == nil {
		return ""
	}
	return m.ServiceAddr
}

// GetServices returns the services, nil for nil.
func (m *MemberInfo) GetServices() []string {
	if m == nil {
		return nil
	}
	return m.Services
}
