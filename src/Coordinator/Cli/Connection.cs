using System.Security.Cryptography;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary>The way to the leading coordinator: begins at the one named and follows its hint.</summary>
internal sealed class Connection : IDisposable
{
    private const string LeaderTrailer = "rpi-leader";
    private const int MostHops = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Credentials _credentials;
    private readonly ClusterTls _tls;
    private GrpcChannel _channel;

    private Connection(Uri address, Credentials credentials)
    {
        _credentials = credentials;
        _tls = new ClusterTls(new LiveCredentials(credentials), new TrustClock(TimeProvider.System), NullLogger<ClusterTls>.Instance);
        (Address, _channel) = (address, Channel(address));
        Client = new ClusterAdmin.ClusterAdminClient(_channel);
    }

    public Uri Address { get; private set; }

    /// <summary>Of the cluster's CA, as in its join tokens.</summary>
    public string AuthorityDigest => CertificateAuthority.DigestOf(_credentials.Authority);

    /// <summary>For streams; <see cref="FindLeaderAsync"/> comes first.</summary>
    public ClusterAdmin.ClusterAdminClient Client { get; private set; }

    /// <exception cref="CliFailure">No usable address or credentials.</exception>
    public static Connection Open(string url, string folder)
    {
        if (!Uri.TryCreate(url.Contains("://", StringComparison.Ordinal) ? url : $"https://{url}", UriKind.Absolute, out Uri? address)
            || address.Scheme != Uri.UriSchemeHttps)
        {
            throw new CliFailure(ExitCodes.Usage, $"'{url}' is not an address like https://192.168.1.2:{Ports.Coordinator}");
        }

        if (address.IsDefaultPort && !url.EndsWith(":443", StringComparison.Ordinal))
        {
            address = new UriBuilder(address) { Port = Ports.Coordinator }.Uri;
        }

        try
        {
            return new CredentialFiles(folder, "operator").Load() is { } credentials ? new Connection(address, credentials)
                : throw new CliFailure(ExitCodes.Configuration, $"no operator's certificate in {folder}: run this as root on the coordinator's host, or copy operator.pem, operator.key and ca.pem from its /var/lib/rpi-coordinator and name their folder with --credentials");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CliFailure(ExitCodes.Configuration, $"the operator's certificate in {folder} cannot be used: {problem.Message}", problem);
        }
    }

    /// <summary>One question, one answer, at the leader.</summary>
    /// <exception cref="CliFailure">Refused or not reachable.</exception>
    public async Task<T> AskAsync<T>(Func<ClusterAdmin.ClusterAdminClient, CallOptions, AsyncUnaryCall<T>> question, CancellationToken cancel)
    {
        for (int hop = 0; ; hop++)
        {
            try
            {
                return await Deadline.WithinAsync(Patience, TimeProvider.System, limit => question(Client, new CallOptions(cancellationToken: limit)), cancel);
            }
            catch (RpcException elsewhere) when (hop < MostHops && Leader(elsewhere) is { } leader)
            {
                Turn(leader);
            }
            catch (RpcException refused)
            {
                throw Failures.Of(refused, Address, cancel);
            }
        }
    }

    /// <summary>Turns to the leader, so that a stream can be begun that cannot be sent twice.</summary>
    public async Task FindLeaderAsync(CancellationToken cancel) =>
        await AskAsync((client, options) => client.ListStacksAsync(new ListStacksRequest(), options), cancel);

    public void Dispose()
    {
        _channel.Dispose();
        _credentials.Dispose();
    }

    private static Uri? Leader(RpcException refused) =>
        refused.StatusCode == StatusCode.Unavailable && refused.Trailers.GetValue(LeaderTrailer) is { Length: > 0 } leader
        && Uri.TryCreate($"https://{leader}", UriKind.Absolute, out Uri? address) ? address : null;

    private void Turn(Uri leader)
    {
        _channel.Dispose();
        (Address, _channel) = (leader, Channel(leader));
        Client = new ClusterAdmin.ClusterAdminClient(_channel);
    }

    private GrpcChannel Channel(Uri address) => ClusterChannel.Create(address, _tls.ClientOptions(PeerRole.Coordinator), KeepAlive.Relaxed);
}
