using Google.Protobuf.Reflection;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;
using Xunit;

namespace RpiAgent.Tests.Unit.Identity;

public class PeerPolicyTests
{
    private static readonly PeerIdentity?[] Callers = [null, .. Enum.GetValues<PeerRole>().Select(role => new PeerIdentity(role, "x"))];

    [Theory]
    [InlineData(null, "Enrolment/GetCertificateAuthority Enrolment/Enrol")]
    [InlineData(PeerRole.Node, "Enrolment/GetCertificateAuthority Enrolment/Enrol Enrolment/ConfirmNetwork NodeAgent/ExportImage")]
    [InlineData(PeerRole.Consul, "Enrolment/GetCertificateAuthority")]
    public void Of_all_methods_a_caller_may_call_only_these(PeerRole? role, string expected)
    {
        string[] open = [.. AllMethods().Where(method => PeerPolicy.Decide(method, role is null ? null : new PeerIdentity(role.Value, "x")).Allowed)];

        Assert.Equal(expected.Split(' ').Order(StringComparer.Ordinal), open.Select(method => method["/rpiagent.v1.".Length..]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_coordinator_may_call_all_of_an_agent_and_an_operator_all_of_the_administration()
    {
        Assert.All(MethodsOf(NodeAgent.Descriptor), method => Assert.True(PeerPolicy.Decide(method, new PeerIdentity(PeerRole.Coordinator, "x")).Allowed));
        Assert.All(MethodsOf(ClusterAdmin.Descriptor), method => Assert.True(PeerPolicy.Decide(method, new PeerIdentity(PeerRole.Operator, "x")).Allowed));
        Assert.All(MethodsOf(ClusterAdmin.Descriptor), method => Assert.False(PeerPolicy.Decide(method, new PeerIdentity(PeerRole.Coordinator, "x")).Allowed));
    }

    [Theory]
    [InlineData("/grpc.health.v1.Health/Check")]
    [InlineData("/rpiagent.v1.NodeAgentX/Describe")]
    [InlineData("/")]
    [InlineData("")]
    public void What_is_not_listed_is_open_to_nobody(string method) =>
        Assert.All(Callers, caller => Assert.False(PeerPolicy.Decide(method, caller).Allowed));

    [Fact]
    public void A_refusal_says_who_and_for_whom()
    {
        PeerDecision decision = PeerPolicy.Decide("/rpiagent.v1.NodeAgent/Apply", new PeerIdentity(PeerRole.Node, "abc"));
        Assert.Equal("/rpiagent.v1.NodeAgent/Apply is for coordinator certificates, not for node abc", decision.Reason);
        Assert.True(PeerPolicy.Decide("/rpiagent.v1.NodeAgent/Apply", null).NeedsCertificate);
    }

    private static IEnumerable<string> AllMethods() =>
        [.. MethodsOf(NodeAgent.Descriptor), .. MethodsOf(ClusterAdmin.Descriptor), .. MethodsOf(Protos.Wire.Enrolment.Descriptor)];

    private static IEnumerable<string> MethodsOf(ServiceDescriptor service) => service.Methods.Select(method => $"/{service.FullName}/{method.Name}");
}
