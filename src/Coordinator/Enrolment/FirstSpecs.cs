using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Ssh;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>What a node is told when it enrols: its own configuration, and the keys that let operators in should the cluster not reach it.</summary>
internal sealed class FirstSpecs(CoordinatorOptions options, SshKeyStore keys)
{
    /// <param name="networkInterface">The one it enrolled from.</param>
    public async Task<NodeSpec> ForAsync(NodeRecord node, string networkInterface, CancellationToken cancel)
    {
        NodeSpec spec = NodeSpecs.For(node, options, networkInterface);
        SshSpec ssh = SshSpecs.Of(await keys.ReadAsync(cancel));
        spec.Ssh = ssh.Revision.Length > 0 ? ssh : null;
        return spec;
    }
}
