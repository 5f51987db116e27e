module groundwork.local/toolchain/containerd

go 1.26

require github.com/containerd/containerd/v2 v2.2.1

tool (
	github.com/containerd/containerd/v2/cmd/containerd
	github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2
	github.com/containerd/containerd/v2/cmd/ctr
)
