using Microsoft.Extensions.Time.Testing;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Consul;
using RpiAgent.Coordinator;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Enrolment;

/// <summary>Agent and coordinator against each other: real TLS, real Consul with ACLs, the agent's files in a folder.</summary>
[Collection<EnrolmentConsul>]
public abstract class EnrolmentBench(ConsulServer consul)
{
    private protected static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private protected FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    private protected ConsulServer Consul => consul;

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected CoordinatorOptions Options(string pool = "", params NodeOptions[] nodes) => new()
    {
        StateDirectory = consul.Options.StateDirectory,
        AdvertiseAddress = "127.0.0.1",
        Consul = consul.Options.Consul,
        Network = new NetworkOptions { Pool = pool, Gateway = pool.Length > 0 ? "10.9.8.1" : "", Dns = pool.Length > 0 ? ["10.9.8.1"] : [] },
        DockerOptions = ["--log-driver=local"],
        Nodes = nodes,
    };

    private protected async Task<CoordinatorServer> StartAsync(CoordinatorOptions options, TimeProvider? time = null)
    {
        consul.RequireConsul();
        using ConsulClient client = consul.NewClient();
        await client.Transactions.RunAsync([TransactionOperation.DeleteTree("rpi/")], Cancel);
        return await CoordinatorServer.StartAsync(consul, options, time ?? Time);
    }

    private protected static async Task<string> TokenAsync(CoordinatorServer server, int uses = 1) =>
        (await server.Tokens.CreateAsync(Day, uses, "", Cancel)).Token.Reveal();

    private protected static async Task<string> RefusalAsync(Task<EnrolledNode> enrolment)
    {
        try
        {
            await enrolment;
        }
        catch (EnrolmentException refused)
        {
            return refused.Message;
        }
        catch (Grpc.Core.RpcException refused)
        {
            EnrolmentFailure failure = EnrolmentFailure.From(refused, new Uri("https://coordinator"));
            Assert.True(failure.Fatal, failure.Reason);
            return failure.Reason;
        }

        throw new InvalidOperationException("the enrolment was not refused");
    }
}

/// <summary>One Consul for all of them, one after the other: each test begins with an empty cluster.</summary>
[CollectionDefinition]
public sealed class EnrolmentConsul : ICollectionFixture<ConsulServer>;
